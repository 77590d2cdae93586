"""The join of two directions: mirrored back or not, moved down or not."""

import numpy as np

from minipixel.course.answers import judged_backward, judged_forward


def case():
    rng = np.random.default_rng(0)
    return {"left": rng.standard_normal((2, 3, 4, 5)), "right": rng.standard_normal((2, 3, 4, 5))}


def moved(x, rows):
    """x moved down by `rows`, zeros where nothing comes from."""
    y = np.zeros_like(x)
    y[:, max(0, rows):x.shape[1] + min(0, rows)] = x[:, max(0, -rows):x.shape[1] - max(0, rows)]
    return y


def last_row_zeroed(x):
    y = x.copy()
    y[:, -1] = 0
    return y


def mirrored(x):
    return x[:, :, ::-1]


def right_forward(left, right):
    y = left + moved(mirrored(right), 1)
    cache = None
    return y, cache


def judge_join_forward(join_forward):
    given = case()
    return judged_forward(join_forward, given, right_forward(**given)[0], forward_mistakes(**given))


def forward_mistakes(left, right):
    """(words, y as if that mistake had been made)."""
    back = mirrored(right)
    once = "the right map is moved down by one row, that pixel (i, j) gets what was known at (i - 1, j)"
    for mirror, also in ((back, ""), (right, ", and the right map is not mirrored back")):
        yield f"the shift is forgotten: {once}; without it a pixel reads itself{also}", left + mirror
        yield f"shifted the wrong way, up: {once}{also}", left + moved(mirror, -1)
        yield f"the last row is set to zero and nothing is moved: {once}; so a pixel reads itself{also}", \
            left + last_row_zeroed(mirror)
        yield f"the last row comes in again on top, as np.roll does it: row 0 gets nothing{also}", left + np.roll(mirror, 1, 1)
        yield f"both maps are moved down: the left one has read earlier pixels only, and stays{also}", moved(left + mirror, 1)
        yield f"the left map is moved down, and not the right one{also}", moved(left, 1) + mirror
        yield f"moved by two rows: {once}{also}", left + moved(mirror, 2)
        yield f"moved along the row and not down: {once}{also}", left + moved(mirror.swapaxes(1, 2), 1).swapaxes(1, 2)
        yield f"the left map is missing{also}", moved(mirror, 1)
    yield "the right map is not mirrored back: its column 0 is the image's last", left + moved(right, 1)
    yield "the right map is mirrored from top to bottom: left and right are axis 2", left + moved(right[:, ::-1], 1)
    yield "the left map is mirrored, too: it comes from the image as it is", mirrored(left) + moved(back, 1)
    yield "the left map is mirrored, and not the right one", mirrored(left) + moved(right, 1)


def judge_join_backward(join_backward, join_forward=right_forward):
    return judged_backward(join_forward, join_backward, case(), lambda dy, cache: backward_mistakes(dy))


def backward_mistakes(dy):
    """(words, {name: gradient as if that mistake had been made})."""
    up = "what went down by one row comes up by one row"
    for mirror, also in ((mirrored(dy), ""), (dy, ", and mirrored again")):
        yield f"the shift is forgotten on the way back: {up}{also}", {"right": mirror}
        yield f"shifted down once more: {up}{also}", {"right": moved(mirror, 1)}
        yield f"the last row of the right map went nowhere, but the others come up by one row{also}", \
            {"right": last_row_zeroed(mirror)}
        yield f"row 0 comes in again below, as np.roll does it: the last row of the right map went nowhere{also}", \
            {"right": np.roll(mirror, -1, 1)}
    yield "not mirrored: the right map was mirrored on its way, and so is its gradient", {"right": moved(dy, -1)}
    yield "mirrored from top to bottom: left and right are axis 2", {"right": moved(dy, -1)[:, ::-1]}
    yield "the left map was added as it is: its gradient is dy", {"left": moved(dy, -1)}
    yield "the left map was added as it is: its gradient is dy, not mirrored", {"left": mirrored(dy)}
    yield "left and right are exchanged", {"left": moved(mirrored(dy), -1), "right": dy}
