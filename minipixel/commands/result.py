"""The result of a command, and the tables that it prints."""

from dataclasses import dataclass


@dataclass
class Result:
    """values: what --json prints; text: what a person reads; exit_code: 1 when an audit or a check failed."""

    values: dict
    text: str
    exit_code: int = 0


def table(rows, columns):
    """Rows (dicts) as aligned text under the names of the columns."""
    cells = [list(columns), *([str(row[column]) for column in columns] for row in rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


RATE = ("bit/px: log2 of the density on the scale 0..1, a value, far from the border; larger is better, a uniform one has 0.\n"
        "The other columns are of level + noise: an upper bound on what the levels cost (docs/densities.md)")


def figures_table(figures):
    """{model: figure} as a table: nats per image and bits per dimension, each with its standard error; a density's rate."""
    rows = [{"model": name,
             "nats/image": with_error(figure["nats"], figure["nats_error"], 2),
             "bits/dim": with_error(figure["bits_per_dim"], figure["bits_per_dim_error"], 4),
             "bit/px": "" if figure.get("rate") is None else with_error(figure["rate"], figure["rate_error"], 4)}
            for name, figure in figures.items()]
    rates = any(row["bit/px"] for row in rows)
    text = table(rows, ("model", "nats/image", "bits/dim", *["bit/px"] * rates))
    return f"{text}\n\n{RATE}" if rates else text


def with_error(value, error, digits):
    """An error of zero up to rounding (the uniform model's) is none."""
    return f"{value:.{digits}f}" + (f" +- {error:.{digits}f}" if error and error > 1e-9 * abs(value) else "")


def duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


def amount(number):
    """A number of things in the unit that fits: 70,177 or 69.2 k or 1.3 M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= 10 * size:
            return f"{number / size:.1f} {unit}"
    return f"{number:,.0f}"
