"""The known ways in which a backward goes wrong, each a function that recognises one.

A hypothesis looks at a Comparison `one` (b: what backward says, n: what finite differences say), and where it must it
runs the pair again with other ingredients at its Context. It returns a sentence about the array, or None. A sentence
says what the numbers show, and after a colon the usual cause. The lists are in the order of asking.
"""

import itertools
import math

import numpy as np

from minipixel.backend import to_numpy
from minipixel.differences import CLOSE, sweep

ROUNDED = 1e-5  # of an array's largest entry: what numbers of 32 bits may be off
SHOWN = 4       # exchanged blocks that a sentence names: as many as an LSTM has gates


def misfit(one, context):
    b, n = one.backward, one.numeric
    sentence = f"shape {b.shape}, expected {n.shape}"
    if b.size == n.size and one.same(b.reshape(n.shape), n) and [k for k in b.shape if k > 1] == [k for k in n.shape if k > 1]:
        return f"{sentence}: the numbers are right, axes of length 1 are left over (keepdims)"
    if not context.reruns:
        return sentence
    for i, j in itertools.combinations(range(n.ndim), 2):
        if one.same(b, n.swapaxes(i, j)):
            return f"{sentence}: the numbers are right, axes {i} and {j} are exchanged (transposed)"
    for axes in subsets(b.ndim):
        if one.same(b.sum(axes), n):
            return f"{sentence}: its sum over axes {axes} is right, this sum is missing"
    return sentence + (f": {wrong}" if (wrong := sum_of_dy(one, context)) else "")


def not_finite(one, context):
    bad = int((~np.isfinite(one.backward)).sum())
    return f"NaN or inf in {bad} of {one.backward.size} entries" if bad else None


def no_slope(one, context):
    bad = np.argwhere(~np.isfinite(one.numeric))
    return None if not len(bad) else (f"cannot be judged: within the smallest step from [{', '.join(map(str, bad[0]))}] "
                                      "forward gives NaN or inf: choose a point farther from the edge of its domain")


def corners(one, context):
    if one.wrong.any() and (one.cornered == one.wrong).all():
        return ("cannot be judged: at every wrong entry forward has a corner (its slopes to both sides differ), "
                "wherever the point was drawn")


def all_zeros(one, context):
    return None if one.backward.any() else "zero everywhere: a path is cut, or the result is never written"


def rounded(one, context):
    """Every wrong number is nearly right: that would be a miracle for a mistake of the formula."""
    b, n = one.backward[one.wrong], one.numeric[one.wrong]
    if one.error <= ROUNDED and (np.abs(b - n) <= 100 * ROUNDED * np.abs(n)).all():
        return ("right but for the last digits: something on the way was rounded (is one of your arrays float32?), or a small "
                "number was added")


def constant_ratio(one, context):
    words = ratio(one, context, np.ones(one.wrong.shape, bool))
    return words and f"everywhere {words}"


def transposed(one, context):
    b, n = one.backward, one.numeric
    for i, j in itertools.combinations(range(n.ndim), 2):
        swapped = n.swapaxes(i, j)
        if one.same(b, swapped):
            return f"transposed: axes {i} and {j} are exchanged"
        if one.same(b, swapped.reshape(b.shape)):
            return f"the numbers of axes {i} and {j} stand in the wrong order: reshape where a transpose is due"


def mask_forgotten(one, context):
    dead = np.abs(one.numeric) <= CLOSE * one.scale
    if dead[one.wrong].all() and not dead.all():
        return ("right where the true gradient is not zero, but not zero where that is: a mask is forgotten (the "
                "derivative of a ReLU, forbidden weights)")


def sum_of_dy(one, context):
    for d in context.dy:
        if one.same(one.backward, d):
            return f"{context.upstream} unchanged: the local derivative, or a sum, is forgotten"
        for axes in subsets(d.ndim):
            if one.same(one.backward, d.sum(axes)):
                due = next((right for right in subsets(d.ndim) if one.same(one.numeric, d.sum(right))), None)
                return f"{context.upstream} summed over axes {axes}: " + (
                    f"the sum over axes {due} is right" if due else "a derivative on the way is forgotten")


def permuted(one, context):
    for axis in reversed(range(one.numeric.ndim)):
        b, n = np.moveaxis(one.backward, axis, 0), np.moveaxis(one.numeric, axis, 0)
        order = [next((i for i in (j, *range(len(n))) if one.same(b[j], n[i])), None) for j in range(len(b))]
        if None in order or sorted(order) != list(range(len(n))):
            continue
        axis_of = along(context.axis(one.name, one.numeric.ndim, axis))
        if order == list(range(len(n)))[::-1] and len(n) > 2:
            return f"in reverse order along {axis_of}: a flipped kernel, or a loop that runs the other way"
        if len(n) > 2 and any(order == [(k + step) % len(n) for k in range(len(n))] for step in (1, -1)):
            continue        # `shifted` has the better word
        for size in (s for s in range(len(n) // 2, 0, -1) if len(n) % s == 0):
            blocks = [order[k] // size for k in range(0, len(n), size)]
            if order == [q * size + r for q in blocks for r in range(size)]:
                moved = [f"block {j} holds what belongs to block {q}" for j, q in enumerate(blocks) if j != q]
                gates = " (the gates o, f, i, g are blocks 0, 1, 2, 3)" if len(blocks) == 4 and size > 1 else ""
                more = f" and {len(moved) - SHOWN} more" if len(moved) > SHOWN else ""
                return f"blocks of {size} along {axis_of} are exchanged: {', '.join(moved[:SHOWN])}{more}{gates}"


def shifted(one, context):
    for axis, step in itertools.product(range(one.numeric.ndim), (1, -1)):
        b, n = np.moveaxis(one.backward, axis, 0), np.moveaxis(one.numeric, axis, 0)
        pairs = [(t, t + step) for t in range(len(n)) if 0 <= t + step < len(n)]
        hits = [t for t, u in pairs if one.same(b[t], n[u]) and not one.same(b[t], n[t])]
        if 2 * len(hits) >= len(pairs) and len(hits) * n[:1].size >= 2:
            name = context.axis(one.name, one.numeric.ndim, axis)
            return (f"shifted by one place along {along(name)}: {at(name, hits[:1])} holds what belongs to "
                    f"{at(name, [hits[0] + step])}, and so on")


def weight_transposed(one, context):
    for name, value in context.others(one):
        for i, j in itertools.combinations(range(value.ndim), 2):
            if value.shape[i] == value.shape[j]:
                turned = value.swapaxes(i, j).copy()
                if one.same(context.backward(one.name, context.dy, (name, turned)), one.numeric):
                    return f"right once {name} is transposed inside backward: {name} is used transposed"


def output_forgotten(one, context):
    verdicts = []
    for k in range(len(context.dy)):
        alone = [d if j == k else np.zeros_like(d) for j, d in enumerate(context.dy)]
        b, n = context.backward(one.name, alone), context.slope(one.name, alone)
        right = np.abs(b - n).max() <= CLOSE * max(1e-8, np.abs(n).max())
        verdicts.append("right" if right else "wrong" if b.any() else "zero")
    faults = [f"{word} for what comes through output {k}" for k, word in enumerate(verdicts) if word != "right"]
    if 0 < len(faults) < len(verdicts):
        return f"{' and '.join(faults)}, right for the rest: a path from that output is forgotten or wrong"


def one_slice(one, context):
    for label, array, run in context.ingredients(one):
        if one.same(run(np.zeros_like(array)), one.backward):
            continue
        for axis, place in itertools.product(range(array.ndim), (0, -1)):
            kept = np.zeros_like(array)
            chosen = (slice(None),) * axis + (place,)
            kept[chosen] = array[chosen]
            if array.shape[axis] > 1 and one.same(run(kept), one.backward):
                used = at(context.axis(label, array.ndim, axis), [place % array.shape[axis]])
                return f"made of {used} of {label} alone: the sum over this axis is missing, or overwritten (= for +=)"


def scattered(one, context):
    if one.same(np.sort(one.backward, axis=None), np.sort(one.numeric, axis=None)):
        return "the right numbers in the wrong places"


def right_for_one_image(one, context):
    if context.images < 2:
        return None
    try:
        alone = context.point.one_image()
        dy = [d if d.shape == out.shape else d[:1] for d, out in zip(context.dy, alone.outputs(), strict=True)]
        b, n = to_numpy(alone.gradients(dy)[one.name]), sweep(alone, one.name, dy, steps=(1e-5,))[0][0]
    except Exception:  # not every operation can be cut to one image: then there is nothing to say
        return None
    if b.shape == n.shape and np.abs(b - n).max() <= CLOSE * max(1e-8, np.abs(n).max()):
        return (f"right for one {context.one} and wrong for {context.images}: look at what runs over the {context.one}s of the "
                "batch")


def ratio_of_wrong(one, context):
    if one.wrong.all():
        return None
    words = "zero" if not one.backward[one.wrong].any() else ratio(one, context, one.wrong)
    return words and f"{words} in the wrong entries, right in the others{places(one, context)}"


def some_slices(one, context):
    return f"right but for some entries{where}" if (where := places(one, context)) else None


def no_pattern(one, context):
    b, n = one.backward.ravel(), one.numeric.ravel()
    cosine = float(b @ n) / max(1e-300, float(np.linalg.norm(b) * np.linalg.norm(n)))
    return f"wrong without a pattern that is known here (cosine with the true gradient {cosine:.3f})"


def ratio(one, context, where):
    """The constant backward / numeric over the entries `where`, in words; None if there is none."""
    b, n = one.backward[where], one.numeric[where]
    factor = float((b * n).sum() / (n * n).sum()) if n.any() else 0.0
    if factor == 0 or not (np.abs(b - factor * n) <= CLOSE * max(one.scale, np.abs(b).max())).all():
        return None
    sign, size = "of the wrong sign and " * (factor < 0), abs(factor)

    def equals(value):
        return math.isclose(size, value, rel_tol=1e-5)

    if equals(1):
        return "of the wrong sign" if factor < 0 else None
    for value, words in ((2, "twice as large as"), (1 / 2, "half of")):
        if equals(value):
            also = [what for what, count in context.sizes.items() if equals(count) or equals(1 / count)]
            return f"{sign}{words} the true gradient" + f" (2 is also {' and '.join(also)})" * bool(also)
    for what, count in context.sizes.items():
        if equals(count):
            return f"{sign}{count} times the true gradient, and {count} is {what}: a sum where a mean is due"
        if equals(1 / count):
            return f"{sign}1/{count} of the true gradient, and {count} is {what}: a mean where a sum is due"
    # one or two numbers always have some ratio, or may have by chance
    enough = (np.abs(n) > CLOSE * one.scale).sum() > 1
    return f"{sign}{size:.6g} times the true gradient" if enough else None


def subsets(ndim):
    """All non-empty tuples of axes."""
    return [axes for k in range(1, ndim + 1) for axes in itertools.combinations(range(ndim), k)]


def places(one, context):
    """Where the wrong entries are, axis by axis, if they fill at most half of some axis; else an empty string."""
    found = []
    for axis, size in enumerate(one.wrong.shape):
        hit = np.flatnonzero(one.wrong.any(axis=tuple(a for a in range(one.wrong.ndim) if a != axis)))
        if 2 * len(hit) <= size and size > 1:
            found.append(at(context.axis(one.name, one.wrong.ndim, axis), hit))
    return f": only at {' and '.join(found)}" if found else ""


def along(axis):
    """A named axis as a direction: "the row axis" or "axis 1"."""
    return axis if axis.startswith("axis") else f"the {axis} axis"


def at(axis, indices):
    """Some places along a named axis: "row 0" or "index 3, 4 of axis 1"."""
    listed = ", ".join(map(str, indices))
    return f"index {listed} of {axis}" if axis.startswith("axis") else f"{axis} {listed}"


MISFIT = (misfit,)
DIRECTIONS = (not_finite, no_slope, corners, all_zeros, rounded, constant_ratio, no_pattern)
ENTRIES = (not_finite, no_slope, corners, all_zeros, rounded, constant_ratio, transposed, mask_forgotten, sum_of_dy,
           one_slice, permuted, shifted, weight_transposed, output_forgotten, scattered, right_for_one_image,
           ratio_of_wrong, some_slices, no_pattern)
