"""The cell of the Spatial LSTM, in the form of ops/cells.py: arrays (D, units, ..), gates along the units.

Source: Theis and Bethge 2015, Generative image modeling using spatial LSTMs (arXiv 1506.03478), section 2.
"""

from minipixel.backend import array_module
from minipixel.ops.cells import Cell, squash, squashed_slope


def spatial_lstm_forward(a, c_prev, peepholes=None, out=None):
    """c = g i + c_left f_c + c_up f_r,   h = tanh(c o): the tanh is outside the output gate        Theis and Bethge 2015

    1  o, i, f_c, f_r = sigmoid(..),  g = tanh(..)   of a, in the extended cell of a + peepholes^T [c_left; c_up]
    2  c = g i + c_left f_c + c_up f_r
    3  h = tanh(c o)

    a (D, 5h, ..) in the order o, i, f_c, f_r, g; c_prev (D, 2h, ..): the memories c_left = c_(i, j-1), c_up = c_(i-1, j);
    peepholes (D, 2h, 5h): both memories to all gates, by full matrices  ->  (h, c), each (D, h, ..)

    The two forget gates may add up to 2, and a memory then grows with the number of paths that lead to it.
    """
    xp = array_module(a)
    h, c = out or (None, None)
    if peepholes is not None:                                                       # 1
        D, memories, F = peepholes.shape
        a = a + (peepholes.transpose(0, 2, 1) @ c_prev.reshape(D, memories, -1)).reshape(a.shape)
    gates = squash(a if out else a.copy(), sigmoids=4 * a.shape[1] // 5)
    o, i, f, g = gates_of(gates)
    c = xp.multiply(g, i, out=c)                                                    # 2
    kept, units = f * c_prev, c.shape[1]
    c += kept[:, :units]
    c += kept[:, units:]
    h = xp.multiply(c, o, out=h)                                                    # 3
    xp.tanh(h, out=h)
    cache = gates, (o, i, f, g), c_prev, c, h, peepholes
    return (h, c), cache


def spatial_lstm_backward(dh_dc, cache, out=None):
    """With z = dh (1 - h^2), what c o is due:   do = z c,   dc += z o,   di = dc g, dg = dc i,

    df_c = dc c_left, dc_left = dc f_c, df_r = dc c_up, dc_up = dc f_r;   then through the gates, and of the extended cell
    [dc_left; dc_up] += peepholes da,   dpeepholes = sum [c_left; c_up] da^T
    """
    dh, dc_out = dh_dc
    gates, (o, i, f, g), c_prev, c, h, peepholes = cache
    xp, units = array_module(h), h.shape[1]
    da = squashed_slope(gates, sigmoids=4 * units)
    da_o, da_i, da_f, da_g = gates_of(da)
    z = h * h                                                                       # 3
    xp.subtract(1, z, out=z)
    z *= dh
    da_o *= z * c
    dc = xp.multiply(z, o, out=z)
    if dc_out is not None:
        dc += dc_out
    da_i *= dc                                                                      # 2
    da_i *= g
    da_g *= dc
    da_g *= i
    da_f *= c_prev
    dc_prev = xp.empty_like(f) if out is None else out
    da_fc, da_fr = da_f[:, :units], da_f[:, units:]
    da_fc *= dc
    da_fr *= dc
    xp.multiply(f[:, :units], dc, out=dc_prev[:, :units])
    xp.multiply(f[:, units:], dc, out=dc_prev[:, units:])
    grads = {"a": da, "c_prev": dc_prev}
    if peepholes is not None:                                                       # 1
        D, memories, F = peepholes.shape
        flat = da.reshape(D, F, -1)
        dc_prev += (peepholes @ flat).reshape(c_prev.shape)
        grads["peepholes"] = c_prev.reshape(D, memories, -1) @ flat.transpose(0, 2, 1)
    return grads


def gates_of(gates):
    """o, i, f = [f_c; f_r] and g: the forget gates together, in the order of the memories that they keep."""
    h = gates.shape[1] // 5
    return gates[:, :h], gates[:, h:2 * h], gates[:, 2 * h:4 * h], gates[:, 4 * h:]


# The same for one unit of one cell, not extended; the forward puts the gates in the place of a.
SPATIAL_LSTM_CUDA = """
__device__ void cell_forward(real *a, const real *c_prev, real &h, real &c)
{
    const real o = a[0] = sigmoid(a[0]), i = a[1] = sigmoid(a[1]), f_c = a[2] = sigmoid(a[2]), f_r = a[3] = sigmoid(a[3]);
    const real g = a[4] = tanh(a[4]);
    c = g * i + c_prev[0] * f_c + c_prev[1] * f_r;
    h = tanh(c * o);
}

__device__ void cell_backward(real dh, real dc, const real *gates, const real *c_prev, real c, real *da, real *dc_prev)
{
    const real o = gates[0], i = gates[1], f_c = gates[2], f_r = gates[3], g = gates[4], h = tanh(c * o);
    const real z = dh * (1 - h * h);
    dc += z * o;
    da[0] = z * c * o * (1 - o);
    da[1] = dc * g * i * (1 - i);
    da[2] = dc * c_prev[0] * f_c * (1 - f_c);
    da[3] = dc * c_prev[1] * f_r * (1 - f_r);
    da[4] = dc * i * (1 - g * g);
    dc_prev[0] = dc * f_c;
    dc_prev[1] = dc * f_r;
}
"""

SPATIAL_LSTM = Cell(spatial_lstm_forward, spatial_lstm_backward, 5, keeps=2, cuda=SPATIAL_LSTM_CUDA)
