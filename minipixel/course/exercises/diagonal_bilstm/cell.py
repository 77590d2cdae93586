"""The LSTM cell: gates exchanged or squashed in the wrong way, and a memory of which one of the two ways was forgotten."""

from itertools import permutations

import numpy as np

from minipixel.course.answers import close, judged_backward, judged_forward, noted
from minipixel.ops import cells as library

ORDER = "ofig"
AXES = {"a": ("image", "gate's unit", "pixel"), "c_prev": ("image", "unit", "pixel")}


def case(*beside):
    """Arguments of the cell: 2 images, 3 units; all sizes differ, so that no transpose goes unseen."""
    rng = np.random.default_rng(len(beside))
    return {"a": 2 * rng.standard_normal((2, 12, *beside)), "c_prev": rng.standard_normal((2, 3, *beside))}


def judge_lstm_forward(lstm_forward):
    """One further axis, and two: what stands beside the units is nothing to the cell."""
    for given in (case(5), case(4, 5)):
        if says := judged_forward(lstm_forward, given, library.lstm_forward(**given)[0], forward_mistakes(**given)):
            return says
    return ""


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def forward_mistakes(a, c_prev):
    """(words, (h, c) as if that mistake had been made)."""
    def cell(order=ORDER, blocks=None, squash=np.tanh):
        blocks = np.split(a, 4, axis=1) if blocks is None else blocks
        at = dict(zip(order, blocks))
        return *(sigmoid(at[gate]) for gate in "ofi"), squash(at["g"])

    def state(o, f, i, g):
        c = f * c_prev + i * g
        return o * np.tanh(c), c

    o, f, i, g = cell()
    h, c = state(o, f, i, g)
    yield "(c, h) is returned where (h, c) is due", (c, h)
    yield ("g goes through a sigmoid: it is what is written into the memory, positive or negative, and takes tanh",
           state(*cell(squash=sigmoid)))
    yield "g is not squashed: it takes tanh", state(*cell(squash=lambda v: v))
    yield "h = o tanh(c): the tanh is missing", (o * c, c)
    yield "h = o tanh(c): you have tanh(o c), which is the Spatial LSTM's", (np.tanh(o * c), c)
    yield "h is made of the memory before: h = o tanh(c), with the new c", (o * np.tanh(c_prev), c)
    yield "o is missing: h = o tanh(c)", (np.tanh(c), c)
    yield "all four gates go through tanh: o, f and i take a sigmoid", state(*map(np.tanh, np.split(a, 4, axis=1)))
    yield "no gate is squashed: o, f and i take a sigmoid, g takes tanh", state(*np.split(a, 4, axis=1))
    yield "the memory read, f c_prev, is missing", (o * np.tanh(i * g), i * g)
    for words, wrong in (("f is missing", c_prev + i * g), ("i is missing", f * c_prev + g),
                         ("i is a gate of its own, not 1 - f", f * c_prev + (1 - f) * g)):
        yield f"c = f c_prev + i g: {words}", (o * np.tanh(wrong), wrong)
    yield ("the units of the four gates are taken in turn (a[:, k::4]): a gate is one block of h units",
           state(*cell(blocks=[a[:, k::4] for k in range(4)])))
    for order in map("".join, permutations(ORDER)):
        words = f"gates exchanged: you take them in the order {', '.join(order)}; they come in the order o, f, i, g"
        yield words, state(*cell(order))
        yield f"{words}, and g takes tanh", state(*cell(order, squash=sigmoid))


def reference_forward(a, c_prev):
    """The library's cell with the chapter's cache, for a backward whose own forward is not right yet."""
    (h, c), (gates, c_prev, tanh_c) = library.lstm_forward(a, c_prev)
    return (h, c), (*np.split(gates, 4, axis=1), c_prev, tanh_c)


def judge_lstm_backward(lstm_backward, lstm_forward=reference_forward):
    given = case(5)
    _, (o, f, i, g, c_prev, tanh_c) = reference_forward(**given)

    def mistakes(dh_dc, cache):
        return backward_mistakes(*dh_dc, o, f, i, g, c_prev, tanh_c)

    if says := judged_backward(lstm_forward, lstm_backward, given, mistakes, AXES, reference=reference_forward):
        return says
    (h, c), cache = lstm_forward(**given)
    with noted("dc is None: nobody reads this memory"):
        alone, beside_zeros = lstm_backward((h, None), cache), lstm_backward((h, np.zeros_like(c)), cache)
    if not all(close(alone[name], beside_zeros[name]) for name in given):
        return "dc None (nobody reads this memory) is not the same as a dc of zeros"
    return ""


def backward_mistakes(dh, dc, o, f, i, g, c_prev, tanh_c):
    """(words, {name: gradient as if that mistake had been made})."""
    slopes = {"o": o * (1 - o), "f": f * (1 - f), "i": i * (1 - i), "g": 1 - g**2}
    through_h = dh * o * (1 - tanh_c**2)

    def grads(dc=dc + through_h, slopes=slopes, order=ORDER, **instead):
        s = {"o": dh * tanh_c, "f": dc * c_prev, "i": dc * g, "g": dc * i} | instead
        return {"a": np.concatenate([s[gate] * slopes[gate] for gate in order], axis=1), "c_prev": dc * f}

    memory = grads()["c_prev"]
    yield "the memory's way into h is missing: c made h as well, dc += dh o (1 - tanh(c)^2)", grads(dc=dc)
    yield "the memory's way into the next cell is missing: add the dc that comes from there", grads(dc=through_h)
    yield "the derivative of tanh(c) is missing: dc += dh o (1 - tanh(c)^2)", grads(dc=dc + dh * o)
    c = np.arctanh(tanh_c)
    yield "the derivative of tanh(c) is 1 - tanh(c)^2, not 1 - c^2", grads(dc=dc + dh * o * (1 - c * c))
    yield "o is missing on the way from h into c: h = o tanh(c), so dc += dh o (1 - tanh(c)^2)", \
        grads(dc=dc + dh * (1 - tanh_c**2))
    yield "dc_prev = dc f: f is missing", {"c_prev": dc + through_h}
    yield "the derivative of g's tanh is missing: dg (1 - g^2)", grads(slopes=slopes | {"g": 1})
    yield "g is a tanh: its derivative is 1 - g^2, not g (1 - g)", grads(slopes=slopes | {"g": g * (1 - g)})
    yield "the derivatives of all four gates are missing: s (1 - s) for a sigmoid, 1 - g^2 for g", \
        grads(slopes=dict.fromkeys(ORDER, 1))
    yield "the derivatives of the sigmoids are missing: s (1 - s)", grads(slopes=dict.fromkeys("ofi", 1) | {"g": 1 - g**2})
    yield "df = dc c_prev: it is the memory before that f was multiplied with", grads(f=(dc + through_h) * c)
    yield "df = dc c_prev: c_prev is missing", grads(f=dc + through_h)
    yield "di = dc g: g is missing", grads(i=dc + through_h)
    yield "dg = dc i: i is missing", grads(g=dc + through_h)
    yield "di = dc g and dg = dc i: they are exchanged", grads(i=(dc + through_h) * i, g=(dc + through_h) * g)
    yield "do = dh tanh(c): the tanh is missing", grads(o=dh * c)
    for order in map("".join, permutations(ORDER)):
        yield f"gates exchanged: the blocks stand in the order {', '.join(order)}, o, f, i, g is due", \
            {**grads(order=order), "c_prev": memory}
