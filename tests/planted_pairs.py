"""Small right pairs, and the same with one mistake planted in each: what the gradient check must clear, and must catch.

RIGHT is a list of (name, forward, backward, inputs); PLANTED has {array: words the diagnosis must contain} besides.
"""

import numpy as np

TAPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0))


def normal(*shape, seed=1):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def linear_forward(x, W, b):
    return x @ W + b, (x, W)


def linear_backward(dy, cache):
    x, W = cache
    return {"x": dy @ W.T, "W": x.T @ dy, "b": dy.sum(0)}


def conv_forward(x, K, b, taps):
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    y = b + sum(window(padded, tap, x.shape) @ K[t] for t, tap in enumerate(taps))
    return y, (padded, x.shape, K, taps)


def conv_backward(dy, cache):
    padded, shape, K, taps = cache
    dpadded, dK = np.zeros_like(padded), np.zeros_like(K)
    for t, tap in enumerate(taps):
        dK[t] = np.einsum("nijc,nijf->cf", window(padded, tap, shape), dy)
        window(dpadded, tap, shape)[...] += dy @ K[t].T
    return {"x": dpadded[:, 1:-1, 1:-1], "K": dK, "b": dy.sum((0, 1, 2))}


def window(padded, tap, shape):
    (di, dj), (_, H, W, _) = tap, shape
    return padded[:, 1 + di:1 + di + H, 1 + dj:1 + dj + W]


def softmax_forward(a):
    p = np.exp(a - a.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    return p, p


def softmax_backward(dp, p):
    return {"a": p * (dp - (p * dp).sum(-1, keepdims=True))}


def tanh_forward(x):
    y = np.tanh(x)
    return y, y


def tanh_backward(dy, y):
    return {"x": dy * (1 - y * y)}


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dy, x):
    return {"x": dy * (x > 0)}


def loss_forward(a, k):
    p, _ = softmax_forward(a)
    return -np.log(p[np.arange(len(k)), k]).mean(), (p, k)


def loss_backward(cache):
    p, k = cache
    return {"a": (p - np.eye(p.shape[1])[k]) / len(k)}


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def cell_forward(x, h, c, K, U, b):
    """o, f, i, g = gates(x K + h U + b),  c' = f c + i g,  h' = o tanh(c')  ->  (h', c')"""
    a = x @ K + h @ U + b
    width = c.shape[1]
    o, f, i = (sigmoid(a[:, k * width:(k + 1) * width]) for k in range(3))
    g = np.tanh(a[:, 3 * width:])
    c_new = f * c + i * g
    t = np.tanh(c_new)
    return (o * t, c_new), (x, h, c, K, U, o, f, i, g, t)


def cell_backward(dy, cache, order=(0, 1, 2, 3), through_h=1, through_c=1):
    """The last three arguments plant mistakes."""
    dh, dc = dy
    x, h, c, K, U, o, f, i, g, t = cache
    dc = through_c * dc + through_h * dh * o * (1 - t * t)
    gates = (dh * t * o * (1 - o), dc * c * f * (1 - f), dc * g * i * (1 - i), dc * i * (1 - g * g))
    da = np.concatenate([gates[k] for k in order], axis=1)
    return {"x": da @ K.T, "h": da @ U.T, "c": dc * f, "K": x.T @ da, "U": h.T @ da, "b": da.sum(0)}


LINEAR = {"x": normal(3, 4), "W": normal(4, 5), "b": normal(5)}
SQUARE = {"x": normal(3, 4), "W": normal(4, 4), "b": normal(4)}
CONV = {"x": normal(2, 3, 4, 5), "K": normal(5, 5, 6), "b": normal(6), "taps": TAPS}
CELL = {"x": normal(2, 4), "h": normal(2, 3), "c": normal(2, 3, seed=2), "K": normal(4, 12), "U": normal(3, 12),
        "b": normal(12)}
LOSS = {"a": normal(3, 5), "k": np.array([4, 0, 2])}

RIGHT = [("linear", linear_forward, linear_backward, LINEAR),
         ("conv", conv_forward, conv_backward, CONV),
         ("softmax", softmax_forward, softmax_backward, {"a": normal(3, 5)}),
         ("tanh", tanh_forward, tanh_backward, {"x": normal(3, 5)}),
         ("relu", relu_forward, relu_backward, {"x": normal(3, 5)}),
         ("LSTM cell", cell_forward, cell_backward, CELL),
         ("loss", loss_forward, loss_backward, LOSS)]


def changed(backward, **changes):
    """A right backward, of which some gradients are changed afterwards: name -> function of (gradient, dy, cache)."""
    def wrong(dy, cache):
        grads = backward(dy, cache)
        return {name: changes[name](grad, dy, cache) if name in changes else grad for name, grad in grads.items()}
    return wrong


def conv_off_by_one(dy, cache):
    padded, shape, K, taps = cache
    moved = tuple((di, min(dj + 1, 1)) for di, dj in taps)
    return conv_backward(dy, (padded, shape, K, taps)) | {"K": conv_backward(dy, (padded, shape, K, moved))["K"]}


def conv_last_tap_only(dy, cache):
    padded, shape, K, taps = cache
    dpadded = np.zeros_like(padded)
    for t, tap in enumerate(taps):
        dpadded = np.zeros_like(padded)
        window(dpadded, tap, shape)[...] = dy @ K[t].T
    return conv_backward(dy, cache) | {"x": dpadded[:, 1:-1, 1:-1]}


def conv_first_image_everywhere(dy, cache):
    """dx of every image reads dy of the first one."""
    return conv_backward(dy, cache) | {"x": conv_backward(np.broadcast_to(dy[:1], dy.shape), cache)["x"]}


def row_down(dx, dy, cache):
    """Every row holds the gradient of the row above, as if the skewed map had not been skewed back."""
    return np.concatenate([np.zeros_like(dx[:, :1]), dx[:, :-1]], axis=1)


def zero_row(dx, dy, cache):
    return np.concatenate([np.zeros_like(dx[:, :1]), dx[:, 1:]], axis=1)


def flip_one_gate(dK, dy, cache):
    return np.concatenate([dK[:, :6], -dK[:, 6:9], dK[:, 9:]], axis=1)


def one_entry(dW, dy, cache):
    off = np.zeros_like(dW)
    off[2, 3] = 1e-5 * np.abs(dW).max()
    return dW + off


PLANTED = [
    ("sign flipped", linear_forward, changed(linear_backward, W=lambda d, dy, c: -d), LINEAR, {"dW": "wrong sign"}),
    ("factor 2", linear_forward, changed(linear_backward, x=lambda d, dy, c: 2 * d), LINEAR, {"dx": "twice as large"}),
    ("half", linear_forward, changed(linear_backward, x=lambda d, dy, c: d / 2), LINEAR, {"dx": "half"}),
    ("mean for sum", linear_forward, changed(linear_backward, b=lambda d, dy, c: dy.mean(0)), LINEAR,
     {"db": "1/3 of the true gradient, and 3 is the number of samples"}),
    ("sum for mean", loss_forward, lambda cache: {"a": 3 * loss_backward(cache)["a"]}, LOSS,
     {"da": "3 times the true gradient, and 3 is the number of samples"}),
    ("another constant", linear_forward, changed(linear_backward, W=lambda d, dy, c: -0.7 * d), LINEAR,
     {"dW": "wrong sign and 0.7 times"}),
    ("batch sum forgotten", linear_forward,
     changed(linear_backward, W=lambda d, dy, c: np.outer(c[0][0], dy[0]), b=lambda d, dy, c: dy[0]), LINEAR,
     {"dW": "made of index 0 of axis 0 of dy alone", "db": "made of index 0 of axis 0 of dy alone"}),
    ("sum over rows forgotten", conv_forward, changed(conv_backward, b=lambda d, dy, c: dy[:, -1].sum((0, 1))), CONV,
     {"db": "made of row 2 of dy alone"}),
    ("sum missing, shape wrong", linear_forward, changed(linear_backward, b=lambda d, dy, c: dy), LINEAR,
     {"db": "shape (3, 5), expected (5,): its sum over axes (0,) is right"}),
    ("axes of length 1 left over", linear_forward, changed(linear_backward, b=lambda d, dy, c: d[None]), LINEAR,
     {"db": "shape (1, 5), expected (5,): the numbers are right, axes of length 1 are left over (keepdims)"}),
    ("rolled by one", linear_forward, changed(linear_backward, b=lambda d, dy, c: np.roll(d, 1)), LINEAR,
     {"db": "shifted by one place along axis 0"}),
    ("transposed, shape wrong", linear_forward, changed(linear_backward, W=lambda d, dy, c: d.T), LINEAR,
     {"dW": "shape (5, 4), expected (4, 5): the numbers are right, axes 0 and 1 are exchanged"}),
    ("transposed, shape right", linear_forward, changed(linear_backward, W=lambda d, dy, c: d.T), SQUARE,
     {"dW": "transposed: axes 0 and 1"}),
    ("reshape for transpose", linear_forward, changed(linear_backward, W=lambda d, dy, c: d.T.reshape(4, 5)), LINEAR,
     {"dW": "reshape where a transpose is due"}),
    ("weight transposed", linear_forward, changed(linear_backward, x=lambda d, dy, c: dy @ c[1]), SQUARE,
     {"dx": "W is used transposed"}),
    ("bias over the wrong axis", linear_forward, changed(linear_backward, b=lambda d, dy, c: dy.sum(1)),
     {"x": normal(5, 4), "W": normal(4, 5), "b": normal(5)},
     {"db": "dy summed over axes (1,): the sum over axes (0,) is right"}),
    ("bias over the wrong axes, shape wrong", conv_forward, changed(conv_backward, b=lambda d, dy, c: dy.sum((0, 1))),
     CONV, {"db": "shape (4, 6), expected (6,): its sum over axes (0,) is right"}),
    ("all zeros", linear_forward, changed(linear_backward, x=lambda d, dy, c: 0 * d), LINEAR,
     {"dx": "zero everywhere"}),
    ("softmax that returns zeros", softmax_forward, lambda dp, p: {"a": p * (1 - p.sum(-1, keepdims=True))},
     {"a": normal(3, 5)}, {"da": "zero everywhere"}),
    ("softmax without its sum", softmax_forward, lambda dp, p: {"a": p * (1 - p) * dp}, {"a": normal(3, 5)},
     {"da": "without a pattern"}),
    ("tanh forgotten", tanh_forward, lambda dy, y: {"x": dy}, {"x": normal(3, 5)}, {"dx": "dy unchanged"}),
    ("ReLU forgotten", relu_forward, lambda dy, x: {"x": 1.0 * dy}, {"x": normal(3, 5)}, {"dx": "a mask is forgotten"}),
    ("tap off by one", conv_forward, conv_off_by_one, CONV, {"dK": "tap 0 holds what belongs to tap 1"}),
    ("taps reversed", conv_forward, changed(conv_backward, K=lambda d, dy, c: d[::-1]), CONV,
     {"dK": "in reverse order along the tap axis"}),
    ("row shift", conv_forward, changed(conv_backward, x=row_down), CONV, {"dx": "row 1 holds what belongs to row 0"}),
    ("only the last tap", conv_forward, conv_last_tap_only, CONV, {"dx": "made of tap 4 of K alone"}),
    ("a row never written", conv_forward, changed(conv_backward, x=zero_row), CONV,
     {"dx": "zero in the wrong entries, right in the others: only at row 0"}),
    ("one image for all", conv_forward, conv_first_image_everywhere, CONV, {"dx": "made of image 0 of dy alone"}),
    ("right for N=1, wrong for N=2", linear_forward,
     changed(linear_backward, W=lambda d, dy, c: np.outer(c[0].sum(0), dy.sum(0))), LINEAR,
     {"dW": "right for one sample and wrong for 3"}),
    ("gates exchanged", cell_forward, lambda dy, c: cell_backward(dy, c, order=(1, 0, 2, 3)), CELL,
     {"dK": "block 0 holds what belongs to block 1", "dU": "exchanged", "db": "gates o, f, i, g"}),
    ("gates rotated", cell_forward, lambda dy, c: cell_backward(dy, c, order=(1, 2, 3, 0)), CELL,
     {"dK": "block 3 holds what belongs to block 0"}),
    ("cell path forgotten", cell_forward, lambda dy, c: cell_backward(dy, c, through_c=0), CELL,
     {"dc": "zero for what comes through output 1", "dK": "path from that output"}),
    ("cell path of h forgotten", cell_forward, lambda dy, c: cell_backward(dy, c, through_h=0), CELL,
     {"dc": "zero for what comes through output 0"}),
    ("sign of one gate", cell_forward, changed(cell_backward, K=flip_one_gate), CELL,
     {"dK": "wrong sign in the wrong entries, right in the others: only at index 6, 7, 8 of axis 1"}),
    ("one entry by 1e-5", linear_forward, changed(linear_backward, W=one_entry), LINEAR,
     {"dW": "only at index 2 of axis 0 and index 3 of axis 1"}),
]


def sentence_on(result, label):
    """The sentence of the diagnosis that speaks of an array."""
    return next(text for names, _, text in (line.partition(": ") for line in result.diagnosis)
                if label in names.split(", "))
