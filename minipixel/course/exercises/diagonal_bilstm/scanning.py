"""The scan over the columns of a skewed map, forward and back, with the mistakes that can be made in it.

What stands at pixels is judged first; beside them there are zeros, or the gradient check of the chapter finds fault.
"""

import numpy as np

from minipixel.course.answers import called, close, hinted, judged_backward, judged_forward, noted, sizes
from minipixel.course.exercises.diagonal_bilstm.scans import back, padded, run, shifted
from minipixel.course.exercises.diagonal_bilstm.skewing import right as skew
from minipixel.ops.cells import LSTM

FORWARD = "each K_ss[r] is (h, 4h), from what is read to the gates: forward K_ss[r].T @ what is read"
BACKWARD = "each K_ss[r] is (h, 4h), from what is read to the gates: back K_ss[r] @ da"
AXES = {"a": ("image", "gate's unit", "row", "column"), "dy": ("image", "unit", "row", "column"),
        "K_ss": ("neighbour", "unit", "gate's unit"), "h0": ("unit",), "c0": ("unit",)}


def case(H, W, h, N=2):
    """A map of pre-activations, not skewed yet, and what else the scan takes; N, h, H and H + W - 1 differ."""
    rng = np.random.default_rng(H)
    return {"a": rng.standard_normal((N, 4 * h, H, W)), "K_ss": rng.standard_normal((2, h, 4 * h)),
            "h0": rng.standard_normal(h), "c0": rng.standard_normal(h), "cell": LSTM}


# The wide one first: in a tall image row 0 ends before the last row begins, and np.roll looks like h0 there.
CASES = case(3, 6, 4), case(4, 3, 5), case(1, 3, 5), case(3, 1, 5)


def unskew(s):
    H, T = s.shape[-2:]
    return np.stack([s[..., i, i:i + T - H + 1] for i in range(H)], axis=-2)


def judge_scan_forward(scan_forward):
    for given in CASES:
        given = given | {"a": skew(given["a"])}
        with noted(f"{sizes(given)}, skewed"), hinted(FORWARD):
            returned, complaint = called(scan_forward, given)
        if complaint:
            return complaint
        if not (isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[0], np.ndarray)):
            return "scan_forward must return y, cache with an array y"
        (N, _, H, T), h = given["a"].shape, len(given["h0"])
        if returned[0].shape != (N, h, H, T):
            return f"y has shape {returned[0].shape}, expected {(N, h, H, T)}, which is skewed as a is"
        says = judged_forward(on_maps(scan_forward, "scan_forward"), given | {"a": unskew(given["a"])},
                              unskew(run(**given)[0]), ((words, unskew(y)) for words, y in forward_mistakes(**given)))
        if says:
            return f"image {H} x {T - H + 1}: {says}"
        if beside(returned[0]):
            return f"image {H} x {T - H + 1}: y is right at the pixels, and has to be zero beside them, where a row has none"
    return ""


def beside(s):
    """Does anything but zeros stand beside the pixels of a skewed map?"""
    return not close(s, skew(unskew(s)))


def on_maps(forward, name="forward"):
    """The scan as a pair's forward from maps to maps, which are not skewed: so the padding has no say."""
    def unskewed(a, K_ss, h0, c0, cell):
        y, cache = forward(skew(a), K_ss, h0, c0, cell)
        return unskew(y), cache

    unskewed.__name__ = name
    return unskewed


def forward_mistakes(a, K_ss, h0, c0, cell):
    """(words, y as if that mistake had been made)."""
    def scan(K_ss=K_ss, h0=h0, c0=c0, **mistake):
        return run(a, K_ss, h0, c0, cell, **mistake)[0]

    above = "h_above is h of row i - 1, one column before"
    yield "row i reads row i + 1, which is later: " + above, scan(above=lambda h: padded(h)[:, :, 2:])
    yield f"row i reads its own row for both: {above}", scan(above=lambda h: h)
    yield "row 0 reads the last row, as np.roll does it: above row 0 there are zeros", scan(above=lambda h: np.roll(h, 1, 2))
    yield "row 0 reads itself above: above row 0 there are zeros", scan(above=lambda h: padded(h, "edge")[:, :, :-2])
    yield "row 0 reads h0 above: h0 stands left of column 0; above row 0 there are zeros", scan(top=h0)
    yield "h_above is not read", scan(K_ss=K_ss * [[[1]], [[0]]])
    yield "h_left is not read", scan(K_ss=K_ss * [[[0]], [[1]]])
    yield "K_ss[0] and K_ss[1] are exchanged: left, above", scan(K_ss=K_ss[::-1])
    yield "both reads take K_ss[0]: the one above takes K_ss[1]", scan(K_ss=K_ss[[0, 0]])
    waits = "rows that have not begun are computed from the padding, as if it were pixels: they must keep"
    yield f"{waits} h0 and c0", scan(waits="")
    yield f"{waits} c0, too", scan(waits="h")
    yield f"{waits} h0, too", scan(waits="c")
    yield "neither h0 nor c0 is used: rows begin with them, not with zeros", scan(h0=0 * h0, c0=0 * c0)
    yield "h0 is not used: rows begin with it, not with zeros", scan(h0=0 * h0)
    yield "c0 is not used: rows begin with it, not with zeros", scan(c0=0 * c0)
    yield "only row 0 begins with h0 and c0: every row does", scan(first=slice(0, 1))
    yield "the memory c is read from above: it comes from the left", scan(memory=shifted)
    yield "the memory c is read from the left and from above, added up: it comes from the left alone", \
        scan(memory=lambda c: c + shifted(c))
    yield "rows are written one after the other: row i then reads row i - 1 of its own column, where the one before is due", \
        scan(in_place=True)
    yield "h0 and c0 are exchanged", scan(h0=c0, c0=h0)
    yield "the state is not handed on: every column reads h0 and c0", scan(memory=lambda c: 0 * c + c0[:, None], stuck=True)
    yield "h is not handed on: every column reads h0", scan(stuck=True)
    yield "the memory is not handed on: every column reads c0", scan(memory=lambda c: 0 * c + c0[:, None])


def reference_forward(a, K_ss, h0, c0, cell):
    """A scan with the chapter's cache, for a backward whose own forward is not right yet."""
    return run(a, K_ss, h0, c0, cell)


def judge_scan_backward(scan_backward, scan_forward=reference_forward):
    """Finite differences of a small scan; of the others only where the answer is not what `back` says: they take their time."""
    for given in (case(4, 2, 2, N=3), *CASES):
        skewed = given | {"a": skew(given["a"])}
        with noted(f"{sizes(skewed)}, skewed"), hinted(BACKWARD):
            y, cache = scan_forward(**skewed)
            kept = y.copy()
            try:
                grads, right = scan_backward(y, cache), back(y, run(**skewed)[1])
            except Exception as error:
                if scan_forward is reference_forward or not works(scan_backward, skewed):
                    raise
                return ("your scan_backward works with a right cache and fails with what your scan_forward has put there "
                        f"({type(error).__name__}: {error}): does each column keep the rows that it has?")
            if not close(y, kept):
                return "scan_backward changed dy, which is the caller's: write dh + dy .., never dy += .."
            agree = isinstance(grads, dict) and all(close(grads.get(name), right[name]) for name in ("K_ss", "h0", "c0"))
            agree = agree and close(unskewed(grads.get("a")), unskew(right["a"]))
            says = judged_on_maps(scan_forward, scan_backward, given) if len(given["h0"]) == 2 or not agree else ""
        if not says and beside(grads["a"]):
            return "da is right at the pixels, and has to be zero beside them: the scan has not read what stands there"
        if says:
            return f"image {' x '.join(map(str, given['a'].shape[-2:]))}:\n{stale(scan_forward, scan_backward, skewed)}{says}"
    return ""


def works(scan_backward, given):
    """Does an answer come through with the cache of a right forward?"""
    y, cache = run(**given)
    try:
        scan_backward(y, cache)
    except Exception:
        return False
    return True


def judged_on_maps(scan_forward, scan_backward, given):
    """The gradient check of a pair between maps that are not skewed."""
    def backward(dy, cache):
        grads = scan_backward(skew(dy), cache)
        return grads | {"a": unskewed(grads.get("a"))} if isinstance(grads, dict) else grads

    def mistakes(dy, cache):
        for words, grads in backward_mistakes(skew(dy), given):
            yield words, grads | {"a": unskew(grads["a"])}

    return judged_backward(on_maps(scan_forward), backward, given, mistakes, AXES)


def unskewed(da):
    """What an answer gave for da, as a map where that can be."""
    return unskew(da) if np.ndim(da) == 4 and da.shape[3] >= da.shape[2] else da


def stale(scan_forward, scan_backward, given):
    """A sentence where the backward is right but for what the student's own forward has left in the cache, else ""."""
    y, cache = run(**given)
    _, own = scan_forward(**given)
    try:
        grads, right = scan_backward(y, cache), back(y, cache)
        alike = all(close(grads[name], right[name]) for name in right if name != "a")
        differ = scan_forward is not reference_forward and not close(scan_backward(y, own)["K_ss"], right["K_ss"])
    except Exception:  # the student's cache has a form of its own: nothing can be told
        return ""
    if alike and differ:
        return ("your scan_backward is right, but what your scan_forward has put into the cache was changed by later columns: "
                "keep copies there, not views of h and c\n")
    return ""


def backward_mistakes(dy, given):
    """(words, gradients as if that mistake had been made)."""
    cache = run(**given | {"a": skew(given["a"])})[1]
    two = "h is read on the right and below, and both give back: its gradient is their sum"
    yield f"what comes from below overwrites what came from the right (= where += is due): {two}", back(dy, cache, below="over")
    yield f"what comes from below overwrites what came from the right (= where += is due): {two}", back(dy, cache, below="rows")
    yield f"what comes from the right overwrites what came from below (= where += is due): {two}", \
        back(dy, cache, below="first")
    yield "dh is used up: what a column was given goes into its cells, and begins anew with what K_ss[0] gives (=, not +=)", \
        back(dy, cache, right="kept")
    yield "dc is used up: what a column was given goes into its cells, and begins anew with dc_prev (=, not +=)", \
        back(dy, cache, memory="kept")
    yield "what row 0 read above comes back to the last row, as np.roll does it: above row 0 there is nothing", \
        back(dy, cache, below="around")
    yield "columns run backwards: the last one first", back(dy, cache, backwards=False)
    yield "both reads give back through K_ss[0]: the one above goes through K_ss[1]", back(dy, cache, K_ss=cache[1][[0, 0]])
    yield "both reads give back through K_ss[1]: the one on the left goes through K_ss[0]", \
        back(dy, cache, K_ss=cache[1][[1, 1]])
    yield f"what comes from the right is missing: {two}", back(dy, cache, right=False)
    yield f"what comes from below is missing: {two}", back(dy, cache, below=None)
    yield "the path through c_prev is missing: the memory has a gradient of its own, which goes on to the left", \
        back(dy, cache, memory=False)
    yield "the memory's gradient goes on to the left alone, and not to the row above", back(dy, cache, memory="above")
    yield "what the readers give back is missing: your dh is dy alone", back(dy, cache, right=False, below=None)
    yield "what the readers give back is missing, for h and for c", back(dy, cache, right=False, below=None, memory=False)
    yield "dy is missing in all columns but the last: h went out there as well", back(dy, cache, out=False)
    yield "what was read above comes back to row i, and not to row i - 1", back(dy, cache, to=0)
    yield "what was read above comes back to row i + 1, and not to row i - 1", back(dy, cache, to=1)
    yield "K_ss[0] and K_ss[1] are exchanged: left, above", back(dy, cache, K_ss=cache[1][::-1])
    yield "the sum over columns is overwritten (= where += is due): what is left is column 0's", back(dy, cache, summed=False)
    grads = back(dy, cache)
    yield "K_ss[0] goes with h_left, K_ss[1] with h_above: they are exchanged", grads | {"K_ss": swapped(dy, cache)}
    zeros = {name: 0 * grads[name] for name in ("h0", "c0")}
    yield ("the gradient of the initial state is forgotten: the first pixel of every row read it; "
           "it is what is left over after column 0"), grads | zeros
    yield "the initial state was read in every row: you have row 0 alone", back(dy, cache, initial="row 0")
    yield "the initial state was read in every row: you have the last row alone", back(dy, cache, initial="last")
    yield "h0 and c0 are exchanged", grads | {"h0": grads["c0"], "c0": grads["h0"]}


def swapped(dy, cache):
    columns, K_ss, cell = cache
    return back(dy, ([(h_above, h_left, own) for h_left, h_above, own in columns], K_ss, cell))["K_ss"]
