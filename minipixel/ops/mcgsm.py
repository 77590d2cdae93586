"""The mixture of conditional Gaussian scale mixtures (MCGSM): a conditional density of y given x, as a pair.

    p(y | x) = sum_cs p(c, s | x) p(y | c, s, x),    components c = 1..J, scales s = 1..S

    p(c, s | x)    proportional to  exp(eta_cs - e_cs q_c / 2),            e_cs = exp(alpha_cs)
    q_c            = sum_i beta_ci^2 (b_i^T x)^2 - 2 w_c^T x                           the gate's energy, F features b_i
    p(y | c, s, x) = N(y; A_c x + u_c, (e_cs L_c L_c^T)^-1)
                   = |L_c| (e_cs / 2 pi)^(M/2) exp(-e_cs |z_c|^2 / 2),     z_c = L_c^T (y - A_c x - u_c)

The factor e_cs of the gate belongs to w_c too. Without inputs (D = 0) this is a mixture of Gaussian scale mixtures.

    n samples, D inputs, M outputs      x (n, D), y (n, M)
    eta, alpha (J, S)    beta (J, F), b (F, D)    a (J, M, D)    optional: L (J, M, M), u (J, M), w (J, D)

L is lower triangular: what is stored above the diagonal has no effect. Absent: L the identity, u and w zero. L_c and
alpha_c share one scale; who fits both holds L_c[0, 0] at 1.

Samples lie along the last axis here, so that an operation with one number for each component and scale runs over long
rows, and every sum over samples, scales or inputs is a matrix product. A call should be small enough for (J, S, n) numbers to
stay in cache: `pieces`.

Source: Theis, Hosseini and Bethge 2012, Mixtures of conditional Gaussian scale mixtures applied to multiscale image
representations, PLoS ONE 7(7) e39857; the optional terms as in the authors' later code.
"""

from math import log, pi

import numpy as np

from minipixel.backend import array_module
from minipixel.ops.normal import normal_masses

PIECE = 1 << 17         # responsibilities of a piece: measured; with fewer, two threads wait for the interpreter


def pieces(n, eta):
    """Slices of n samples whose responsibilities stay in a core's cache; where eta is on a GPU, one."""
    step = max(1, PIECE // eta.size if isinstance(eta, np.ndarray) else n)
    return [slice(start, start + step) for start in range(0, n, step)]


def mcgsm_forward(x, y, eta, alpha, beta, b, a, L=None, u=None, w=None):
    """log p(y | x) = log sum_cs exp(eta_cs - e_cs q_c / 2 + log N_cs) - log sum_cs exp(eta_cs - e_cs q_c / 2)

    log N_cs = (M alpha_cs - e_cs |z_c|^2 - M log 2 pi) / 2 + log |L_c|; shapes as above  ->  log_p (n,)
    """
    M = y.shape[1]
    minus_half_e = -0.5 * array_module(x).exp(alpha)
    # 1 the gate
    bx = b @ x.T
    q = gate_energy(x, bx, beta, w)
    E_in, Z_in, log_in = exponentials(q, minus_half_e, eta)
    # 2 the experts
    r = y.T - means(x, a, u)
    z = r if L is None else lower(L).transpose(0, 2, 1) @ r
    t = q + (z * z).sum(axis=1)
    # 3 both
    E_out, Z_out, log_out = exponentials(t, minus_half_e, eta + log_scale(alpha, L, M))
    log_p = log_out - log_in
    cache = x, bx, q, E_in, Z_in, r, z, t, E_out, Z_out, alpha, beta, b, a, L, u, w
    return log_p, cache


def mcgsm_backward(dlog_p, cache):
    """With po = p(c, s | x, y) and pin = p(c, s | x), both times dlog_p, and d = po - pin:

    deta_cs = sum_n d,    dalpha_cs = sum_n (M po - e_cs (q_c d + |z_c|^2 po)) / 2,
    dq_c = -(sum_s e_cs d) / 2,    dz_c = -(sum_s e_cs po) z_c,    and from there the chain rule
    """
    x, bx, q, E_in, Z_in, r, z, t, E_out, Z_out, alpha, beta, b, a, L, u, w = cache
    xp = array_module(x)
    J, M, D = a.shape
    e, beta2 = xp.exp(alpha), beta * beta
    # 3 both: sums over s or over n, of what the names say
    po_e, po, po_t = weighted_sums(E_out, dlog_p / Z_out, e, t)
    pin_e, pin, pin_q = weighted_sums(E_in, dlog_p / Z_in, e, q)
    grads = {"eta": po - pin, "alpha": 0.5 * (M * po - e * (po_t - pin_q))}
    dq = 0.5 * (pin_e - po_e)
    # 2 the experts
    dz = z * -po_e[:, None]
    dr = dz if L is None else lower(L) @ dz
    rows = dr.reshape(J * M, len(x))
    grads["y"] = dr.sum(axis=0).T
    grads["a"] = -(rows @ x).reshape(J, M, D)
    if L is not None:
        # log |L_c| = sum_m log |L_c[m, m]|
        diagonal = po.sum(axis=1)[:, None] / xp.diagonal(L, axis1=1, axis2=2)
        grads["L"] = lower(r @ dz.transpose(0, 2, 1)) + diagonal[:, :, None] * xp.eye(M, dtype=L.dtype)
    if u is not None:
        grads["u"] = -dr.sum(axis=2)
    # 1 the gate
    dbx = 2 * bx * (beta2.T @ dq)
    grads["beta"] = 2 * beta * (dq @ (bx * bx).T)
    grads["b"] = dbx @ x
    grads["x"] = dbx.T @ b - rows.T @ a.reshape(J * M, D)
    if w is not None:
        grads["w"] = -2 * (dq @ x)
        grads["x"] -= 2 * (dq.T @ w)
    names = "x", "y", "eta", "alpha", "beta", "b", "a", "L", "u", "w"
    return {name: grads[name] for name in names if name in grads}


def gate_energy(x, bx, beta, w):
    """q_c = sum_i beta_ci^2 (b_i^T x)^2 - 2 w_c^T x: (J, n)"""
    q = (beta * beta) @ (bx * bx)
    return q if w is None else q - 2 * (w @ x.T)


def means(x, a, u):
    """A_c x + u_c: (J, M, n)"""
    J, M, D = a.shape
    mean = (a.reshape(J * M, D) @ x.T).reshape(J, M, len(x))
    return mean if u is None else mean + u[:, :, None]


def log_scale(alpha, L, M):
    """(M alpha_cs - M log 2 pi) / 2 + log |L_c|: what log N_cs has besides its exponent, (J, S)"""
    found = (0.5 * M) * (alpha - log(2 * pi))
    if L is None:
        return found
    xp = array_module(L)
    return found + xp.log(xp.abs(xp.diagonal(L, axis1=1, axis2=2))).sum(axis=1)[:, None]


def lower(L):
    """L (J, M, M) with zeros above its diagonal."""
    return array_module(L).tril(L)


def exponentials(energy, slope, offset):
    """E_csn = exp(offset_cs + slope_cs energy_cn - top_n), their sums Z_n, and log sum_cs exp(..) = top_n + log Z_n

    energy (J, n), slope and offset (J, S)  ->  E (J, S, n), Z (n,), the logarithms (n,)
    """
    xp = array_module(energy)
    # Made in this layout whatever that of the arguments is, so that `flat` is a view of it.
    flat = xp.empty((slope.size, energy.shape[1]), energy.dtype)
    E = flat.reshape(*slope.shape, -1)
    xp.multiply(slope[:, :, None], energy[:, None], out=E)
    E += offset[:, :, None]
    top = flat.max(axis=0)
    flat -= top
    xp.exp(flat, out=flat)
    Z = xp.ones(len(flat), E.dtype) @ flat
    return E, Z, top + xp.log(Z)


def weighted_sums(E, scale, e, energy):
    """sum_s e_cs E (J, n), sum_n E (J, S) and sum_n E energy_c (J, S), each E_csn times scale_n: products, no copy of E"""
    over_scales = (e[:, None] @ E)[:, 0] * scale
    over_samples = (E.reshape(e.size, -1) @ scale).reshape(e.shape)
    with_energy = (E @ (energy * scale)[:, :, None])[..., 0]
    return over_scales, over_samples, with_energy


def mcgsm_responsibilities(x, y, eta, alpha, beta, b, a, L=None, u=None, w=None):
    """p(c, s | x, y): (J, S, n)"""
    _, cache = mcgsm_forward(x, y, eta, alpha, beta, b, a, L, u, w)
    E_out, Z_out = cache[8:10]
    return E_out / Z_out


def mcgsm_masses(x, before, edges, eta, alpha, beta, b, a, L=None, u=None, w=None):
    """int p(y_m | x, y_1 .. y_m-1) dy_m from edges_k to edges_k+1, exactly, for the output m after those that are given

        p(y_m | x, y_1 .. y_m-1) = sum_cs p(c, s | x, y_1 .. y_m-1) N(epsilon_m; 0, 1) depsilon_m / dy_m
        epsilon_c = sqrt(e_cs) G_c (y - A_c x - u_c),    G_c lower triangular, G_c^T G_c = L_c L_c^T

    epsilon is white under (c, s), and its m first entries are made of the m first outputs alone.

    x (n, D), before (n, m - 1), edges (n, K + 1) rising, infinite ones allowed  ->  (n, K); the sum is one if the ends are
    infinite
    """
    xp = array_module(x)
    m = before.shape[1]
    mean, G = means(x, a, u), in_order(L, a)
    diagonal = xp.diagonal(G, axis1=1, axis2=2)
    r = before.T - mean[:, :m]
    given = G[:, :m, :m] @ r
    offset = eta + 0.5 * m * alpha + xp.log(diagonal[:, :m]).sum(axis=1)[:, None]
    E, Z, _ = exponentials(gate_energy(x, b @ x.T, beta, w) + (given * given).sum(axis=1), -0.5 * xp.exp(alpha), offset)
    # Where epsilon_m is zero: what the outputs before have told of y_m.
    centre = mean[:, m] - (G[:, m, None, :m] @ r)[:, 0] / diagonal[:, m, None]
    slope = xp.exp(0.5 * alpha) * diagonal[:, m, None]
    masses = xp.zeros((edges.shape[1] - 1, len(x)), x.dtype)
    for c in range(eta.shape[0]):
        from_centre = edges.T - centre[c]
        for s in range(eta.shape[1]):
            masses += E[c, s] * normal_masses(from_centre * slope[c, s])
    return (masses / Z).T


def in_order(L, a):
    """G_c, lower triangular with G_c^T G_c = L_c L_c^T: (J, M, M). Cholesky's factor from the last row and column on."""
    if L is None:
        J, M, _ = a.shape
        return array_module(a).ones((J, 1, 1), a.dtype) * array_module(a).eye(M, dtype=a.dtype)
    L = lower(L)
    precision = L @ L.transpose(0, 2, 1)
    return array_module(L).linalg.cholesky(precision[:, ::-1, ::-1])[:, ::-1, ::-1].transpose(0, 2, 1)


def mcgsm_sample(x, uniforms, normals, eta, alpha, beta, b, a, L=None, u=None, w=None):
    """y = A_c x + u_c + L_c^-T normal / sqrt(e_cs) of one (c, s) drawn from p(c, s | x)

    x (n, D); uniforms (n,) in [0, 1) and normals (n, M), drawn on the host  ->  y (n, M)
    """
    xp = array_module(x)
    J, S = eta.shape
    E, Z, _ = exponentials(gate_energy(x, b @ x.T, beta, w), -0.5 * xp.exp(alpha), eta)
    # Rounding may leave the last sum below a uniform: the last pair is then the one.
    pair = (xp.cumsum(E.reshape(J * S, -1), axis=0)[:-1] <= uniforms * Z).sum(axis=0)
    component, n = pair // S, xp.arange(len(x))
    noise = normals / xp.exp(0.5 * alpha).reshape(-1)[pair][:, None]
    if L is not None:
        noise = (xp.linalg.inv(lower(L)).transpose(0, 2, 1)[component] @ noise[:, :, None])[:, :, 0]
    return means(x, a, u)[component, :, n] + noise
