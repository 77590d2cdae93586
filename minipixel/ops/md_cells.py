"""The cells of multi-dimensional recurrences, in the form of ops/cells.py: arrays (D, units, ..), gates along the units.

A cell on an n-dimensional map has n cells before it, one along each axis d, here written d-. What lies outside the map is zero.

Source: Graves, Fernandez and Schmidhuber 2007, Multi-dimensional recurrent neural networks; Graves and Schmidhuber 2009.
"""

from functools import partial

from minipixel.backend import array_module
from minipixel.ops.cells import Cell, placed, split, squash, squashed_slope

SHUT = 1e-20        # far below any gate that is not shut to the last digit: a mean by shut gates alone is no 0 / 0


def mdrnn_forward(a, c_prev):
    """h = tanh(a)        Graves et al. 2007, Algorithm 1: the cell of an MDRNN remembers nothing but its output

    a (D, h, ..), c_prev (D, 0, ..): no memory  ->  (h, c), c as empty as c_prev
    """
    h = array_module(a).tanh(a)
    cache = h, c_prev
    return (h, c_prev.copy()), cache


def mdrnn_backward(dh_dc, cache):
    """delta = (1 - h^2) e,   e = dh: from the output, and from the cells that read h        Graves et al. 2007, Algorithm 2"""
    dh, _ = dh_dc
    h, c_prev = cache
    return {"a": (1 - h * h) * dh, "c_prev": array_module(h).zeros_like(c_prev)}


def mdlstm_forward(a, c_prev, peepholes, limit=None):
    """s = iota g + sum_d phi_d s_d-        Graves et al. 2007, section 3: a memory with a forget gate for each dimension

    1  iota = sigmoid(a_iota + sum_d w_pi s_d-),  phi_d = sigmoid(a_phi,d + w_pf,d s_d-),  g = tanh(a_g)
    2  s = iota g + sum_d phi_d s_d-
    3  omega = sigmoid(a_omega + w_po s),  h = omega tanh(s)

    a (D, (n + 3) h, ..) in the order iota, phi_1 .. phi_n, g, omega (the last sees the new s); c_prev (D, n h, ..): s_1- ..;
    peepholes (D, n + 2, h): w_pi, w_pf,1 .. w_pf,n, w_po  ->  (h, s), each (D, h, ..)
    limit: the backward clips its deltas da to [-limit, limit], as RNNLIB does with limit 1; None: they are exact

    The sum of the n forget gates can reach n, and a state is then handed on along every path: states may grow exponentially
    with the size of the map (Leifert et al. 2016). `mdlstm_stable_forward` cannot.
    """
    gates, s_prev = gated(a, c_prev, peepholes)                                     # 1
    iota, *phi, g = split(gates, len(s_prev) + 2)
    s = iota * g                                                                    # 2
    for phi_d, s_d in zip(phi, s_prev):
        s += phi_d * s_d
    return opened(a, s, gates, c_prev, peepholes, limit)                            # 3


def mdlstm_backward(dh_ds, cache):
    """ds += dh omega (1 - tanh(s)^2) + w_po da_omega;   ds_d- = ds phi_d + w_pi da_iota + w_pf,d da_phi,d

    ds comes in from the cells after this one. da_iota = ds g iota (1 - iota), da_g = ds iota (1 - g^2),
    da_phi,d = ds s_d- phi_d (1 - phi_d), da_omega = dh tanh(s) omega (1 - omega).
    """
    da, ds = closed(dh_ds, cache)                                                   # 3
    s_prev, iota, phi, g = recalled(cache)
    ds_prev = [ds * phi_d for phi_d in phi]                                         # 2
    d_gates = [ds * g, *[ds * s_d for s_d in s_prev], ds * iota]
    return ungated(da, d_gates, ds_prev, cache)                                     # 1


def mdlstm_stable_forward(a, c_prev, peepholes, limit=None):
    """s = iota g + (1 - iota) (sum_d phi_d s_d-) / (sum_d phi_d), all else as in `mdlstm_forward`

    A mean of g and of the memories read, with weights that add up to one: |s| <= 1 in a map of any size, where the paper's
    cell may grow with the number of paths through the map. Leifert et al. 2016, JMLR 17(97), show the growth.
    """
    gates, s_prev = gated(a, c_prev, peepholes)                                     # 1
    iota, *phi, g = split(gates, len(s_prev) + 2)
    s = mean_of(phi, s_prev)                                                        # 2
    s += iota * (g - s)
    return opened(a, s, gates, c_prev, peepholes, limit)                            # 3


def mdlstm_stable_backward(dh_ds, cache):
    """With m the mean of the memories: diota = ds (g - m),  dm = ds (1 - iota),  ds_d- = dm phi_d / sum phi,

    dphi_d = dm (s_d- - m) / sum phi; all else as in `mdlstm_backward`.
    """
    da, ds = closed(dh_ds, cache)                                                   # 3
    s_prev, iota, phi, g = recalled(cache)
    m, dm = mean_of(phi, s_prev), ds * (1 - iota)                                   # 2
    share = dm / sum(phi, SHUT)
    ds_prev = [share * phi_d for phi_d in phi]
    d_gates = [ds * (g - m), *[share * (s_d - m) for s_d in s_prev], ds * iota]
    return ungated(da, d_gates, ds_prev, cache)                                     # 1


def mean_of(phi, s_prev):
    """(sum_d phi_d s_d-) / (sum_d phi_d); zero where all gates are shut"""
    total = phi[0] * s_prev[0]
    for phi_d, s_d in zip(phi[1:], s_prev[1:]):
        total += phi_d * s_d
    return total / sum(phi, SHUT)


# ---- what the cells share, stage by stage: the gates before the memory (1), and the gate after it (3)


def gated(a, c_prev, peepholes):
    """The gates iota, phi_1 .. phi_n and g, one after the other, and the n memories read: stage 1."""
    n, h = peepholes.shape[1] - 2, peepholes.shape[2]
    s_prev = split(c_prev, n)
    w_pi, *w_pf = weights(peepholes, a.ndim)[:-1]
    seen = a[:, :(n + 2) * h].copy()
    a_iota, *a_phi, _ = split(seen, n + 2)
    a_iota += w_pi * sum(s_prev)
    for a_d, w, s_d in zip(a_phi, w_pf, s_prev):
        a_d += w * s_d
    return squash(seen, sigmoids=(n + 1) * h), s_prev


def ungated(da, d_gates, ds_prev, cache):
    """Stage 1 back: through the gates, whose peepholes give back to the memories, and what the weights themselves are due."""
    gates, c_prev, s, _, _, peepholes, limit = cache
    xp, n, h = array_module(gates), len(ds_prev), s.shape[1]
    s_prev = split(c_prev, n)
    before_s = da[:, :(n + 2) * h]
    before_s[...] = squashed_slope(gates, sigmoids=(n + 1) * h)
    for da_k, d_gate in zip(split(before_s, n + 2), d_gates):
        da_k *= d_gate
    if limit:
        xp.clip(before_s, -limit, limit, out=before_s)
    da_iota, *da_phi, _, da_omega = split(da, n + 3)
    w_pi, *w_pf = weights(peepholes, da.ndim)[:-1]
    for ds_d, w, da_d in zip(ds_prev, w_pf, da_phi):
        ds_d += w_pi * da_iota + w * da_d
    due = [da_iota * sum(s_prev), *[da_d * s_d for da_d, s_d in zip(da_phi, s_prev)], da_omega * s]
    return {"a": da, "c_prev": xp.concatenate(ds_prev, axis=1),
            "peepholes": xp.stack([each.reshape(*s.shape[:2], -1).sum(axis=2) for each in due], axis=1)}


def opened(a, s, gates, c_prev, peepholes, limit):
    """The output of the cells through their last gate, which sees the new memory: stage 3."""
    h = s.shape[1]
    omega = squash(a[:, -h:] + weights(peepholes, s.ndim)[-1] * s, sigmoids=h)
    tanh_s = array_module(s).tanh(s)
    cache = gates, c_prev, s, omega, tanh_s, peepholes, limit
    return (omega * tanh_s, s), cache


def closed(dh_ds, cache):
    """Stage 3 back: da, of which only da_omega is there yet, and what the memory gets from its three ways on."""
    dh, ds = dh_ds
    gates, _, s, omega, tanh_s, peepholes, limit = cache
    xp, h = array_module(s), s.shape[1]
    da = xp.empty((len(s), gates.shape[1] + h, *s.shape[2:]), s.dtype)
    da_omega = da[:, -h:]
    da_omega[...] = dh * tanh_s * omega * (1 - omega)
    if limit:
        xp.clip(da_omega, -limit, limit, out=da_omega)
    through_h = dh * omega * (1 - tanh_s * tanh_s) + weights(peepholes, s.ndim)[-1] * da_omega
    return da, through_h if ds is None else ds + through_h


def recalled(cache):
    """The memories read, and the gates one by one."""
    gates, c_prev, s = cache[:3]
    iota, *phi, g = split(gates, gates.shape[1] // s.shape[1])
    return split(c_prev, len(phi)), iota, phi, g


def weights(peepholes, ndim):
    """w_pi, w_pf,1 .. w_pf,n, w_po, each shaped to multiply a state of `ndim` axes."""
    D, count, h = peepholes.shape
    return [peepholes[:, k].reshape(D, h, *[1] * (ndim - 2)) for k in range(count)]


MDRNN_CELL = Cell(*placed(mdrnn_forward, mdrnn_backward), 1, keeps=0)       # of its one gate it keeps h


def mdlstm_cell(dimensions, stable=False, limit=None):
    """The cell for maps of so many dimensions; limit: of the deltas, None for exact gradients."""
    forward, backward = (mdlstm_stable_forward, mdlstm_stable_backward) if stable else (mdlstm_forward, mdlstm_backward)
    return Cell(*placed(partial(forward, limit=limit), backward), dimensions + 3, keeps=2)
