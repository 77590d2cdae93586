"""The skew and its way back: which way, how far, and for images that are not square."""

import numpy as np

from minipixel.course.answers import array_mistake, called, close, noted, numbers_differ

SHAPES = (2, 3, 3, 6), (2, 3, 5, 4), (4, 4), (1, 3), (3, 1)
CUT = "the numbers are cut to whole ones: the new array takes the dtype of what it is made from"


def skewed(x, moves, T):
    """Row i of x (.., H, W), moved right by moves(i), in a map of width T; what would stand outside is lost."""
    s = np.zeros((*x.shape[:-1], T))
    for i in range(x.shape[-2]):
        for j in range(x.shape[-1]):
            if 0 <= j + moves(i) < T:
                s[..., i, j + moves(i)] = x[..., i, j]
    return s


def right(x):
    H, W = x.shape[-2:]
    return skewed(x, lambda i: i, H + W - 1)


def judge_skew(skew):
    return judged(skew, skew_says)


def judged(function, says):
    """Wide, tall, square, one row, one column; numbers that are all different, none of them zero or whole."""
    for shape in SHAPES:
        x = 1.25 + np.arange(np.prod(shape)).reshape(shape)
        try:
            with noted(f"the image has shape {shape}"):
                wrong = says(function, x, *shape[-2:])
        except ValueError as error:
            axes, (H, W) = shape[:-2], shape[-2:]
            if axes and right_for(function, says, (H, W)):
                return (f"right for one map, {H} x {W}, but not for {shape}: index the last two axes, as in s[..., i, :], "
                        f"whatever stands before them ({error})")
            if H == W or not right_for(function, says, (*axes, 4, 4)):
                raise
            return f"right for a square image, 4 x 4, but not for {H} x {W}: {error}"
        if wrong:
            return wrong
    x = with_a_zero(SHAPES[0])
    try:
        wrong = says(function, x, *x.shape[-2:])
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
    return wrong and f"right, but not where a pixel is zero: where padding stands, the place tells, not the number ({wrong})"


def with_a_zero(shape):
    x = 1.25 + np.arange(np.prod(shape)).reshape(shape)
    x[..., 1, 2] = 0
    return x


def right_for(function, says, shape):
    """Is there nothing to say of an answer for a map of this shape?"""
    try:
        return not says(function, 1.25 + np.arange(np.prod(shape)).reshape(shape), *shape[-2:])
    except Exception:
        return False


def skew_says(skew, x, H, W):
    s, complaint = called(skew, {"x": x})
    if complaint:
        return complaint
    for T in {2 * W - 1, 2 * H - 1} - {H + W - 1}:
        if np.shape(s) == (*x.shape[:-1], T):
            return f"an image {H} x {W} becomes {H} x {T}: that assumes a square; it should become {H} x {H + W - 1}"
    if wrong := array_mistake(s, right(x), f"x has shape {x.shape}: s"):
        return wrong
    if not close(s, right(x)):
        return f"x of shape {x.shape}: {skew_mistake(s, x, right(x))}"
    if s.dtype != x.dtype:
        return f"the numbers are right, but they are {s.dtype} and x is {x.dtype}: the new array takes x.dtype"
    return ""


def skew_mistake(s, x, good):
    H, W = x.shape[-2:]
    T = H + W - 1
    beside = np.concatenate([x, np.zeros((*x.shape[:-1], H - 1))], axis=-1)
    for words, wrong in (("the rows do not move: row i moves right by i", skewed(x, lambda i: 0, T)),
                         ("skewed the wrong way: row i moves right by i, so that row 0 stays where it is",
                          skewed(x, lambda i: H - 1 - i, T)),
                         ("row i moves right by i + 1: row 0 stays where it is", skewed(x, lambda i: i + 1, T)),
                         ("row i moves to the left, around the edge: it moves right by i",
                          np.stack([np.roll(beside[..., i, :], -i, -1) for i in range(H)], axis=-2)),
                         (CUT, np.trunc(good)),
                         ("every row is mirrored", right(x[..., ::-1])),
                         ("the rows stand upside down", right(x[..., ::-1, :]))):
        if close(s, wrong):
            return words
    if close(s[good != 0], good[good != 0]):
        return "where no pixel stands there are zeros"
    return numbers_differ(s, good)


def judge_unskew(unskew):
    return judged(unskew, unskew_says)


def unskew_says(unskew, x, H, W):
    back, complaint = called(unskew, {"s": right(x)})
    if complaint:
        return complaint
    for width in {H, (H + W) // 2} - {W}:
        if np.shape(back) == (*x.shape[:-1], width):
            return f"an image {H} x {W} comes back as {H} x {width}: that assumes a square; its width is T - H + 1"
    if wrong := array_mistake(back, x, f"x has shape {x.shape}: what comes back"):
        return wrong
    return "" if close(back, x) else f"x of shape {x.shape}: {unskew_mistake(right(x), back, x)}"


def unskew_mistake(s, back, x):
    H, W = x.shape[-2:]
    for words, start in (("the rows do not move back: each is cut off at the same column", lambda i: 0),
                         ("row i begins in column i: yours begin in column i + 1", lambda i: i + 1),
                         ("row i begins in column i: yours begin in column H - 1 - i, the wrong way", lambda i: H - 1 - i),
                         ("row i begins in column i: yours begin in column -i, skewed once more", lambda i: -i)):
        wrong = np.stack([np.roll(s[..., i, :], -start(i), -1)[..., :W] for i in range(H)], axis=-2)
        if close(back, wrong):
            return words
    return CUT if close(back, np.trunc(x)) else numbers_differ(back, x)
