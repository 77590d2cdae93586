"""The result of a command, and the tables that it prints."""

import textwrap
from dataclasses import dataclass
from itertools import zip_longest


@dataclass
class Result:
    """values: what --json prints; text: what a person reads; exit_code: 1 when an audit or a check failed."""

    values: dict
    text: str
    exit_code: int = 0


NARROW = 16     # characters to which a column is made narrower at most


def table(rows, columns, width=None):
    """Rows (dicts) as aligned text under the names of the columns; width: of the page, which all cells but names are
    wrapped to fit."""
    cells = [list(columns), *([str(row[column]) for column in columns] for row in rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(columns))]
    while width and sum(widths) + 2 * len(widths) - 2 > width and max(widths[1:]) > NARROW:
        widths[widths.index(max(widths[1:]), 1)] -= 1
    lines = [line for row in cells for line in wrapped(row, widths)]
    head = len(wrapped(cells[0], widths))
    return "\n".join([*lines[:head], "-" * max(map(len, lines)), *lines[head:]])


def wrapped(row, widths):
    """A row of cells as one line or more."""
    columns = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths)]
    lines = zip_longest(*columns, fillvalue="")
    return ["  ".join(part.ljust(width) for part, width in zip(line, widths)).rstrip() for line in lines]


RATE = "bit/px: log2 of the density on the scale 0..1, a value, far from the border; larger is better, a uniform one has 0."
BOUND = ("(upper bound) is of level + noise, as the density sees them; (levels) of the exact masses of the levels, from which\n"
         "samples are drawn: it compares with every other row (docs/densities.md)")


def figures_table(figures):
    """{model: figure} as a table: nats per image and bits per dimension, each with its standard error; a density's rate."""
    rows = [{"model": name,
             "nats/image": with_error(figure["nats"], figure["nats_error"], 2),
             "bits/dim": with_error(figure["bits_per_dim"], figure["bits_per_dim_error"], 4),
             "bit/px": "" if figure.get("rate") is None else with_error(figure["rate"], figure["rate_error"], 4)}
            for name, figure in figures.items()]
    rates = any(row["bit/px"] for row in rows)
    text = table(rows, ("model", "nats/image", "bits/dim", *["bit/px"] * rates))
    told = [RATE] * rates + [BOUND] * any("(levels)" in name for name in figures)
    return "\n\n".join([text, *(["\n".join(told)] if told else [])])


def with_error(value, error, digits):
    """An error of zero up to rounding (the uniform model's) is none."""
    return f"{value:.{digits}f}" + (f" +- {error:.{digits}f}" if error and error > 1e-9 * abs(value) else "")


def duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


def amount(number):
    """A number of things in the unit that fits: 512 or 69.2 k or 1.3 M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number:,.0f}"
