"""What an audit of causality found, and how it is named: the result, its leaks and blind spots, the printed table."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

OWN, LATER, TOGETHER, ANOTHER = "own value", "later value", "later values together", "another image"
ALL_LEVELS = 20 # up to so many levels, every base image tries all of them
FAINT = 1e-15   # a change that is more than the last digit of float64
SHOWN = 8       # offsets named in one line of the table


class Leak(NamedTuple):
    """The prediction at `target` (i, j, colour) reads `source`, which it may not know; None in another image's case.

    kind "later values together": `source` is the first of several values that were changed at once.
    """
    source: tuple | None
    target: tuple
    change: float
    kind: str


class Unseen(NamedTuple):
    """`source` is earlier than `target`, and no change of it moved the prediction there by more than `change`."""
    source: tuple
    target: tuple
    change: float


@dataclass(frozen=True)
class Causality:
    """The result of `audit.causality`.

    leaks: a list of Leak, largest first. unseen: a list of Unseen. influence (P, P): the largest change of each target
    (second axis) by each source (first axis), in raster order. threshold: what counts as a change, from the noise
    that copies of one image showed. bases, images: how many base images, and how many images predicted in all.
    """
    shape: tuple
    levels: int
    leaks: list
    unseen: list
    influence: np.ndarray = field(repr=False)
    threshold: float
    noise: float
    dtype: str
    bases: int
    images: int

    @property
    def ok(self):
        """No prediction reads its own value, a later one or another image. Blind spots are no failure."""
        return not self.leaks

    @property
    def kinds(self):
        """How many leaks there are of each kind."""
        return dict(Counter(leak.kind for leak in self.leaks))

    def record(self):
        """The result as plain values, for JSON: counts, thresholds and the lines of the table."""
        return {"ok": self.ok, "shape": list(self.shape), "levels": self.levels, "kinds": self.kinds,
                "leaks": len(self.leaks), "unseen": len(self.unseen), "threshold": self.threshold,
                "noise": self.noise, "dtype": self.dtype, "base_images": self.bases, "images": self.images,
                "findings": [f"{name}: {text}" for name, text in findings(self)]}

    def __str__(self):
        shape = "x".join(map(str, self.shape))
        verdict = "causal" if self.ok else "NOT causal"
        tried = "every level at every place" if self.levels <= ALL_LEVELS else "which share the levels of every place"
        rows = [("verdict", f"{verdict} on {shape}, {self.levels} levels"),
                ("tried", f"{self.bases} base images, {tried}: {self.images:,} images predicted"),
                ("rounding", f"{self.dtype}, copies of an image differ by {self.noise:.1e}: "
                             f"a change above {self.threshold:.1e} counts"), *findings(self)]
        width = max(len(name) for name, _ in rows)
        above = [None, *(name for name, _ in rows)]
        return "\n".join(f"{'' if name == last else name:<{width}}   {text}" for (name, text), last in zip(rows, above))


def findings(result):
    """(name, text) of everything found: a row for each kind of leak, then what was not seen."""
    colours = result.shape[2]
    same_pixel = [leak for leak in result.leaks if leak.kind == LATER and leak.source[:2] == leak.target[:2]]
    elsewhere = [leak for leak in result.leaks if leak.kind == LATER and leak.source[:2] != leak.target[:2]]
    rows = [("reads its own value", leaks_of(result, OWN), lambda leaks: _count(leaks, "places")),
            ("reads later places", elsewhere, lambda leaks: f"(di, dj) = {_offsets(leaks)}; {_count(leaks, 'pairs')}"),
            ("colour order", same_pixel, lambda leaks: f"{_colour_pairs(leaks, colours)}; {_count(leaks, 'pairs')}"),
            ("reads later places, together", leaks_of(result, TOGETHER), lambda leaks: _count(leaks, "pairs")),
            ("images of a batch mixed", leaks_of(result, ANOTHER), lambda leaks: _count(leaks, "places"))]
    found = [(name, _worst(leaks, text(leaks), colours)) for name, leaks, text in rows if leaks]
    return found + [("earlier places not seen", text) for text in _not_seen(result)]


def leaks_of(result, kind):
    return [leak for leak in result.leaks if leak.kind == kind]


def _not_seen(result):
    """Lines on the blind spots: how many pairs, colours never seen within a pixel, offsets never seen from anywhere."""
    if not result.unseen:
        return ["none: every prediction reads everything before it"]
    places, colours = len(result.influence), result.shape[2]
    total = places * (places - 1) // 2
    lines = [f"{len(result.unseen):,} of {total:,} pairs, largest change {max(p.change for p in result.unseen):.1e}"]
    faint = sum(p.change > max(FAINT, 2 * result.noise) for p in result.unseen)
    if faint:
        lines[0] += f"; {faint:,} of them moved the prediction by less than counts: seen faintly, if at all"
    height, width = result.shape[:2]
    blind = Counter(_step(pair) for pair in result.unseen)
    within = [step for step in blind if step[:2] == (0, 0) and blind[step] == height * width]
    if within:
        lines.append(", ".join(f"{colour_name(t, colours)} does not see {colour_name(s, colours)} of its own pixel"
                               for _, _, s, t in sorted(within)))
    offsets = sorted({step[:2] for step in blind if step[:2] != (0, 0)}, key=lambda o: (o[0] ** 2 + o[1] ** 2, o))
    never = [(di, dj) for di, dj in offsets
             if sum(blind[di, dj, s, t] for s in range(colours) for t in range(colours))
             == (height - abs(di)) * (width - abs(dj)) * colours ** 2]
    if never:
        lines.append(f"from no place: (di, dj) = {_listed(never)}")
    return lines


def _step(pair):
    """(di, dj, source colour, target colour) of a pair."""
    (i, j, s), (k, l, t) = pair.source, pair.target
    return i - k, j - l, s, t


def _count(leaks, noun):
    return f"{len(leaks):,} {noun}"


def _worst(leaks, text, colours):
    worst = max(leaks, key=lambda leak: leak.change)
    source = f" reads {_place(worst.source, colours)}" if worst.source else ""
    return f"{text}; largest change {worst.change:.1e}: {_place(worst.target, colours)}{source}"


def _offsets(pairs):
    return _listed(sorted({_step(pair)[:2] for pair in pairs}, key=lambda o: (o[0] ** 2 + o[1] ** 2, o)))


def _listed(offsets):
    more = f" and {len(offsets) - SHOWN} more" if len(offsets) > SHOWN else ""
    return " ".join(f"({di}, {dj})" for di, dj in offsets[:SHOWN]) + more


def _colour_pairs(pairs, colours):
    steps = sorted({_step(pair)[2:] for pair in pairs})
    return ", ".join(f"{colour_name(t, colours)} reads {colour_name(s, colours)}" for s, t in steps)


def colour_name(colour, colours):
    """R, G, B in pictures of three colours, else the number."""
    return "RGB"[colour] if colours == 3 else f"colour {colour}"


def _place(place, colours):
    i, j, colour = place
    return f"({i}, {j})" if colours == 1 else f"({i}, {j}, {colour_name(colour, colours)})"
