"""The papers' equations as nested loops: slow, and plain enough to be believed. The laws hold the library against them.

The order of the colours is told here once more, in the paper's own words and not read from `minipixel.order`, so that a
mistake there does not confirm itself. The networks are written for any set of operations: the loops below, or another
library's (tests/torch_twin.py).

Sources: PixelRNN (van den Oord et al. 2016), sections 2, 3.1, 3.3, 3.4, Table 1; Theis, Hosseini and Bethge 2012 (MCGSM).
"""

from math import exp, log, pi
from types import SimpleNamespace

import numpy as np

# Which colours of its own pixel a colour may read: in the first layer (mask A) and in all later ones (mask B).
READS = {"A": {"R": "", "G": "R", "B": "RG"},
         "B": {"R": "R", "G": "RG", "B": "RGB"}}


def colour(unit, units, colours):
    """The units of a map are cut into contiguous groups R, G, B: a new colour begins at each whole share."""
    return "RGB"[sum(unit >= share * units / colours for share in range(1, colours))]


def mask(kind, k, C, F, colours):
    """The k x k kernel's mask: ones above the centre and left of it, zeros below and right, colours at the centre."""
    M, centre = np.zeros((k, k, C, F)), k // 2
    for a in range(k):
        for b in range(k):
            for c in range(C):
                for f in range(F):
                    if a < centre or (a == centre and b < centre):
                        M[a, b, c, f] = 1
                    elif (a, b) == (centre, centre):
                        M[a, b, c, f] = colour(c, C, colours) in READS[kind][colour(f, F, colours)]
    return M


def live(kind, k, colours):
    """The places of the kernel, row by row, that the mask does not close altogether."""
    M = mask(kind, k, colours, colours, colours)
    return [(a - k // 2, b - k // 2) for a in range(k) for b in range(k) if M[a, b].any()]


def conv(x, K, b, taps):
    """y_nijf = b_f + sum_t sum_c x_n,(ij + tap t),c K_tcf, zeros outside the image"""
    N, H, W, C = x.shape
    y = np.zeros((N, H, W, len(b)))
    for n, i, j, f in np.ndindex(*y.shape):
        y[n, i, j, f] = b[f]
        for t, (di, dj) in enumerate(taps):
            if 0 <= i + di < H and 0 <= j + dj < W:
                for c in range(C):
                    y[n, i, j, f] += x[n, i + di, j + dj, c] * K[t, c, f]
    return y


def enlarge(x, K, b):
    """Each pixel is spread over the 2 x 2 places of its own: y_n,2i+a,2j+e,f = b_f + sum_c x_nijc K_aecf"""
    N, H, W, C = x.shape
    y = np.zeros((N, 2 * H, 2 * W, len(b)))
    for n, i, j, f in np.ndindex(*y.shape):
        y[n, i, j, f] = b[f] + sum(x[n, i // 2, j // 2, c] * K[i % 2, j % 2, c, f] for c in range(C))
    return y


def relu(x):
    y = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        y[place] = x[place] if x[place] > 0 else 0
    return y


def softmax(logits, levels):
    """log p of every level: exp(a_k) / sum exp(a), the units of a pixel being (colour, level)."""
    N, H, W, units = logits.shape
    log_p = np.zeros((N, H, W, units // levels, levels))
    for n, i, j, c, k in np.ndindex(*log_p.shape):
        total = sum(exp(logits[n, i, j, c * levels + other]) for other in range(levels))
        log_p[n, i, j, c, k] = log(exp(logits[n, i, j, c * levels + k]) / total)
    return log_p


def bernoulli(logits):
    """log p of both levels: the sigmoid is the probability of level 1."""
    log_p = np.zeros((*logits.shape, 2))
    for place in np.ndindex(*logits.shape):
        log_p[place] = log(1 / (1 + exp(logits[place]))), log(1 / (1 + exp(-logits[place])))
    return log_p


def nats(log_p, x):
    """-sum log p of the levels that the image has, for each image"""
    total = np.zeros(len(x))
    for n, i, j, c in np.ndindex(*x.shape):
        total[n] -= log_p[n, i, j, c, x[n, i, j, c]]
    return total


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def mcgsm(x, y, eta, alpha, beta, b, a, L=None, u=None, w=None):
    """log p(y | x) = log sum_cs p(c, s | x) N(y; A_c x + u_c, (exp(alpha_cs) L_c L_c^T)^-1) for each sample"""
    (J, S), (F, D), M = eta.shape, b.shape, y.shape[1]
    log_p = np.zeros(len(x))
    for n in range(len(x)):
        gate, p = np.zeros((J, S)), 0
        for c, s in np.ndindex(J, S):
            gate[c, s] = eta[c, s]
            for i in range(F):
                bx = sum(b[i, d] * x[n, d] for d in range(D))
                gate[c, s] -= 0.5 * exp(alpha[c, s]) * beta[c, i] ** 2 * bx ** 2
            for d in range(D):
                gate[c, s] += exp(alpha[c, s]) * (w[c, d] * x[n, d] if w is not None else 0)
        for c, s in np.ndindex(J, S):
            r = [y[n, m] - sum(a[c, m, d] * x[n, d] for d in range(D)) - (u[c, m] if u is not None else 0) for m in range(M)]
            root, density = np.eye(M) if L is None else np.tril(L[c]), 1
            for m in range(M):
                z = sum(root[k, m] * r[k] for k in range(M))
                density *= abs(root[m, m]) * (exp(alpha[c, s]) / (2 * pi)) ** 0.5 * exp(-0.5 * exp(alpha[c, s]) * z ** 2)
            p += density * exp(gate[c, s]) / sum(exp(g) for g in gate.flat)
        log_p[n] = log(p)
    return log_p


LOOPS = SimpleNamespace(conv=conv, enlarge=enlarge, relu=relu, softmax=softmax, bernoulli=bernoulli, nats=nats, mcgsm=mcgsm,
                        constant=np.asarray, sigmoid=sigmoid, tanh=np.tanh, stack=np.stack, concat=np.concatenate)


def masked_conv(ops, params, x, kind, k, colours, name=""):
    """The convolution with the mask multiplied into its kernel, which is kept as its live places."""
    K, b = params[name + "K"], params[name + "b"]
    taps = live(kind, k, colours)
    M = mask(kind, k, *K.shape[1:], colours)
    return ops.conv(x, K * ops.constant(np.stack([M[di + k // 2, dj + k // 2] for di, dj in taps])), b, taps)


def block(ops, params, x, colours, name, residual=True):
    """2h -(ReLU, 1x1)-> h -(ReLU, 3x3)-> h -(ReLU, 1x1)-> 2h, and the input added        Figure 5"""
    y = masked_conv(ops, params, ops.relu(x), "B", 1, colours, f"{name}reduce.")
    y = masked_conv(ops, params, ops.relu(y), "B", 3, colours, f"{name}conv.")
    y = masked_conv(ops, params, ops.relu(y), "B", 1, colours, f"{name}expand.")
    return x + y if residual else y


def pixelcnn(ops, params, x, colours, layers, residual=True, skip=False):
    """Table 1, from the scaled image to the logits."""
    x, skips = masked_conv(ops, params, x, "A", 7, colours, "input."), 0
    for l in range(layers):
        x = block(ops, params, x, colours, f"body.{l}.block." if skip else f"body.{l}.", residual)
        if skip:
            skips = skips + masked_conv(ops, params, x, "B", 1, colours, f"body.{l}.skip.")
    y = skips if skip else x
    for name in ("conv_1", "conv_2", "logits"):
        y = masked_conv(ops, params, ops.relu(y), "B", 1, colours, f"output.{name}.")
    return y


def pixelcnn_basic(ops, params, x, colours, layers, summary=False):
    """7x7, then 3x3 layers each after a ReLU (the summary: none), 1x1 layers each before one."""
    x = masked_conv(ops, params, x, "A", 7, colours, "input.")
    for l in range(layers):
        x = masked_conv(ops, params, x if summary else ops.relu(x), "B", 3, colours, f"body.{l if summary else 2 * l + 1}.")
    x = x if summary else ops.relu(x)
    for name in ("conv_1", "conv_2"):
        x = ops.relu(masked_conv(ops, params, x, "B", 1, colours, f"output.{name}."))
    return masked_conv(ops, params, x, "B", 1, colours, "output.logits.")


NETWORKS = {"pixelcnn": pixelcnn, "pixelcnn-basic": pixelcnn_basic}


def log_probs(ops, network, params, x, levels, **options):
    """A whole model: images of levels 0..K-1 as numbers from -1 to 1, the network, a sigmoid for 2 levels or a softmax."""
    logits = network(ops, params, ops.constant(2 * x / (levels - 1) - 1), x.shape[-1], **options)
    return ops.bernoulli(logits) if levels == 2 else ops.softmax(logits, levels)
