"""Chapter 1, masked convolution: how its four answers are judged.

The usual mistakes are recognised by doing them on purpose: an answer that agrees with a convolution whose taps are mirrored,
or that wraps around, has made just that mistake. What is left goes to `gradcheck`, which knows the general ones.
"""

from itertools import product

import numpy as np

from minipixel import audit, order
from minipixel.course.answers import (
    SMALL,
    array_mistake,
    called,
    checked,
    close,
    noted,
    numbers_differ,
    or_square,
    say_first,
    sizes,
)
from minipixel.course.exercises import Exercise
from minipixel.course.machine import put_into
from minipixel.models import build
from minipixel.ops import conv as library

COLOURS = "RGB"


def judge_may_read(may_read):
    """Every offset of a 5x5 kernel, all pairs of three colours, both masks: a line for each kind of mistake."""
    masks, examples = {}, {}
    for mask, di, dj, c_in, c_out in product("AB", range(-2, 3), range(-2, 3), range(3), range(3)):
        answer, right = may_read((di, dj), c_in, c_out, mask), order.may_read((di, dj), c_in, c_out, mask)
        call = f'may_read(({di}, {dj}), {c_in}, {c_out}, "{mask}")'
        if not isinstance(answer, (bool, np.bool_)):
            return f"{call} is {answer!r}, expected True or False"
        if answer != right:
            reason = place_of(di, dj, c_in, c_out, mask)
            masks[reason] = masks.get(reason, "") + mask * (mask not in masks.get(reason, ""))
            examples.setdefault(reason, f"{call} is {bool(answer)}, expected {right}")
    words = {"A": "mask A", "B": "mask B", "AB": "both masks"}
    return "\n".join(f"{words[masks[reason]]}: {examples[reason]}: {reason}" for reason in examples)


def place_of(di, dj, c_in, c_out, mask):
    """What a connection reads, in words."""
    if (di, dj) == (0, 0):
        if c_in != c_out:
            return "a later colour of the same pixel may not be read" if c_in > c_out else "an earlier colour may be read"
        return "mask A forbids a value to read itself" if mask == "A" else \
            "mask B lets a unit read its own place, where the layer below already stands for earlier values only"
    if di == 0:
        return "to the right in the same row is later" if dj > 0 else "to the left in the same row is earlier, in every colour"
    return "the rows below are later" if di > 0 else "all of the rows above is earlier, to the right as well, in every colour"


def case(k, mask, C, F):
    """Arguments of conv_forward for a k x k kernel of one colour; all sizes differ, so that no transpose goes unseen."""
    taps, rng = order.live_taps(k, k, mask, 1), np.random.default_rng(k)
    return {"x": rng.standard_normal((2, 3, 4, C)), "K": rng.standard_normal((len(taps), C, F)),
            "b": rng.standard_normal(F), "taps": taps}


CASES = {"3x3, mask B": case(3, "B", 6, 7), "7x7, mask A, larger than the image": case(7, "A", 1, 3),
         "1x1, mask B": case(1, "B", 5, 6)}


def judge_conv_forward(conv_forward):
    for kernel, given in CASES.items():
        with noted(f"kernel {kernel}, {sizes(given)}"):
            returned, complaint = called(conv_forward, given)
        if not (isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[0], np.ndarray)):
            got = [type(part).__name__ for part in (returned if isinstance(returned, tuple) else [returned])]
            return f"conv_forward must return y, cache with an array y, got {', '.join(got)}"
        y, right = returned[0], library.conv_forward(**given)[0]
        if complaint or (complaint := array_mistake(y, right)):
            return f"kernel {kernel}: {complaint}"
        if not close(y, right):
            return f"kernel {kernel}: {forward_mistake(conv_forward, y, right, **given)}"
    return ""


def forward_mistake(conv_forward, y, right, x, K, b, taps):
    """What is wrong with y, in words."""
    def is_like(K=K, b=b, taps=taps):
        return close(y, library.conv_forward(x, K, b, taps)[0])

    if is_like(b=0 * b):
        return "the bias b is missing"
    if is_like(b=len(taps) * b):
        return "the bias b is added once for each tap: once is enough"
    if is_like(K=K[-1:], taps=taps[-1:]):
        return "only the last tap counts: the sum over taps is overwritten (= where += is due)"
    if is_like(K=K[::-1]):
        return "taps and matrices of K are paired in reverse order: tap t belongs to K[t]"
    for words, wrong in tap_mistakes(taps):
        if is_like(taps=wrong):
            return f"{words}: y_ij reads x at ij + tap"
    if close(y, b + sum(np.roll(x, (-di, -dj), (1, 2)) @ K[t] for t, (di, dj) in enumerate(taps))):
        return "the image goes on at its other side, as np.roll does it: outside the image there are zeros"
    r = min(library.reach(taps), 1)
    inside = (slice(None), slice(r, -r or None), slice(r, -r or None))
    if r and close(y[inside], right[inside]):
        return "right inside, wrong at the border: outside the image there are zeros"
    if reads := wrong_reads(conv_forward, y, x, K, b, taps):
        return reads
    return numbers_differ(y, right)


def wrong_reads(conv_forward, y, x, K, b, taps):
    """What y reads and should not, or should and does not, found by changing one pixel of the first image at a time."""
    H, W = x.shape[1:3]
    read, possible = set(), {(di, dj) for di, dj in taps if abs(di) < H and abs(dj) < W}
    for i, j in np.ndindex(H, W):
        changed = x.copy()
        changed[0, i, j] += 1
        moved = np.abs(conv_forward(changed, K, b, taps)[0] - y).max(axis=-1) > SMALL
        if moved[1:].any():
            return "the images of the batch are mixed: a change in the first image moves the others"
        read |= {(i - int(k), j - int(l)) for k, l in np.argwhere(moved[0])}
    if read - possible:
        return f"y_ij reads x at the offsets {sorted(read - possible)}, which are no live taps"
    return f"y_ij does not read x at the taps {sorted(possible - read)}" if possible - read else ""


def judge_conv_backward(conv_backward, conv_forward=None):
    """Finite differences of the student's own forward where that is right, else of the library's, with the same cache."""
    forward = conv_forward or library.conv_forward

    def judged(given):
        result, says = checked(forward, conv_backward, given, library.conv_forward)
        if result or says:
            return says
        say_first(result, dict(backward_mistakes(forward, conv_backward, **given)))
        return str(result)

    for kernel, given in CASES.items():
        with noted(f"kernel {kernel}, {sizes(given)}"):
            says = or_square(judged, given, case(3, "B", 5, 5), "there are as many channels as units")
        if says:
            return f"kernel {kernel}:\n{says}"
    return ""


def backward_mistakes(forward, conv_backward, x, K, b, taps):
    """(name, sentence) for dx and dK where their taps are wrong in a way that is known: more to the point than gradcheck."""
    y, cache = forward(x, K, b, taps)
    dy = np.random.default_rng(0).standard_normal(y.shape)
    grads, true = conv_backward(dy, cache), library.conv_backward(dy, (x, K, taps))
    formulas = {"x": "dx_ij takes dy at ij - tap, for the way back is the mirrored tap", "K": "dK_t takes x at ij + tap t"}
    for name, formula in formulas.items():
        if not isinstance(grads, dict) or name not in grads or close(grads[name], true[name]):
            continue
        for words, wrong in tap_mistakes(taps):
            if close(grads[name], library.conv_backward(dy, (x, K, wrong))[name]):
                yield name, f"{words}: {formula}"
                break


def tap_mistakes(taps):
    """(words, the taps as if that mistake had been made)."""
    yield "the taps point the wrong way", tuple((-di, -dj) for di, dj in taps)
    yield "di and dj are exchanged", tuple((dj, di) for di, dj in taps)
    for words, (i, j) in (("one row too low", (1, 0)), ("one row too high", (-1, 0)),
                          ("one column too far right", (0, 1)), ("one column too far left", (0, -1)),
                          ("one row too low and one column too far right", (1, 1)),
                          ("one row too high and one column too far left", (-1, -1))):
        yield f"every tap is off by one, {words}", tuple((di + i, dj + j) for di, dj in taps)


def judge_leaky_may_read(leaky_may_read):
    """The library's PixelCNN with the student's rule inside: the audit must find own values, and nothing later."""
    try:
        with put_into(order, may_read=leaky_may_read):
            model = build("pixelcnn", height=3, width=3, colours=3, levels=2, layers=1, h=12, out=12, dtype="float64")
    except ValueError as error:
        return f"no model can be built with this rule: {error}"
    found = audit.causality(model, shape=(3, 3, 3), levels=2)
    if found.ok:
        return "the audit finds no leak: with this rule the model is still causal"
    later = {kind: count for kind, count in found.kinds.items() if kind != "own value"}
    if later:
        return f"the model reads more than its own value: {', '.join(later)}\n{found}"
    blind = [COLOURS[c] for c in range(3) if c not in {leak.target[2] for leak in found.leaks}]
    return f"own values are read, but not those of {' and '.join(blind)}" if blind else ""


EXERCISES = (Exercise(1, "may_read", judge_may_read),
             Exercise(2, "conv_forward", judge_conv_forward),
             Exercise(3, "conv_backward", judge_conv_backward, builds_on=("conv_forward",)),
             Exercise(4, "leaky_may_read", judge_leaky_may_read))
