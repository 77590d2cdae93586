"""Wrong answers to the exercises of chapter 2, in the form of `planted_answers`."""

GATES = "o, f, i, g = sigmoid(a_o), sigmoid(a_f), sigmoid(a_i), np.tanh(a_g)"
SPLIT = "a_o, a_f, a_i, a_g = np.split(a, 4, axis=1)"
MEMORY = "c = f * c_prev + i * g"
DC = "dc = dc + dh * o * (1 - tanh_c**2)"
DA = "[do * o * (1 - o), df * f * (1 - f), di * i * (1 - i), dg * (1 - g**2)]"
PRODUCTS = "do, df, di, dg = dh * tanh_c, dc * c_prev, dc * g, dc * i"
MOVED, BACK, WIDTH = "s[..., i, i:i + W] =", "s[..., i, i:i + W]", "H + W - 1"
ABOVE = "above[:, :, 1:] = h[:, :, :-1]"
STATES = "h, c = (np.zeros((N, len(initial), H)) + initial[:, None] for initial in (h0, c0))"
TOTAL = "K_ss[0].T @ h_left + K_ss[1].T @ h_above"
NEW = "(h[:, :, rows], c[:, :, rows]), cell_cache = cell.forward(total, c_left)"
ROWS = "rows = rows_of(t, H, T - H + 1)"
READ = "h_left, h_above, c_left = h[:, :, rows].copy(), above[:, :, rows], c[:, :, rows].copy()"
BELOW = "dh[:, :, :-1] += dh_above[:, :, 1:]"
CELL = "cell.backward((dy[:, :, rows, t] + dh[:, :, rows], dc[:, :, rows]), cell_cache)"
LEFT = "dh[:, :, rows] = K_ss[0] @ da_t"
INITIAL = "dh0, dc0 = dh.sum(axis=(0, 2)), dc.sum(axis=(0, 2))"
JOIN = "y[:, 1:] += right[:, :-1, ::-1]"
DRIGHT = "dright[:, :-1] = dy[:, 1:, ::-1]"
MISSED = "return [(i - 1, last)] if i > 0 and j + reach < last else []"
WIDE = "np.concatenate([x, np.zeros((N, H, 1, C), x.dtype)], axis=2)"
CROP = "y = y[:, :, :W]"

ZERO_ANSWERS = [
    ("what is not zero", "unskew", "H, T = s.shape[-2:]",
     "H, T = s.shape[-2:]; return s[s != 0].reshape(*s.shape[:-1], T - H + 1)", "but not where a pixel is zero"),
    ("beside the pixels", "scan_forward", "y[:, :, rows, t] = h[:, :, rows]", "y[:, :, :, t] = h",
     "has to be zero beside them"),
    ("into dy", "scan_backward", f"grads = {CELL}", "dy[:, :, rows, t] += dh[:, :, rows]; grads = "
     f"{CELL.replace('dy[:, :, rows, t] + dh[:, :, rows]', 'dy[:, :, rows, t]')}", "scan_backward changed dy"),
    ("beside them, back", "scan_backward", INITIAL, f"{INITIAL}; da[:, :, 0, -1] = 1", "da is right at the pixels"),
    ("K_ss[1] for both", "scan_backward", LEFT, LEFT.replace("K_ss[0]", "K_ss[1]"), "both reads give back through K_ss[1]"),
]
CELL_ANSWERS = [
    ("sigmoid on g", "lstm_forward", "np.tanh(a_g)", "sigmoid(a_g)", "g goes through a sigmoid"),
    ("gates i, f, o, g", "lstm_forward", SPLIT, SPLIT.replace("a_o, a_f, a_i", "a_i, a_f, a_o"),
     "gates exchanged: you take them in the order i, f, o, g"),
    ("gates i, f, g, o", "lstm_forward", SPLIT, SPLIT.replace("a_o, a_f, a_i, a_g", "a_i, a_f, a_g, a_o"),
     "gates exchanged: you take them in the order i, f, g, o"),
    ("exchanged and squashed alike", "lstm_forward", f"{SPLIT}\n    {GATES}",
     f"{SPLIT}\n    f, o, i, g = sigmoid(a_o), sigmoid(a_f), sigmoid(a_i), sigmoid(a_g)", "order f, o, i, g; they come in the"),
    ("units in turn", "lstm_forward", "np.split(a, 4, axis=1)", "(a[:, k::4] for k in range(4))",
     "a gate is one block of h units"),
    ("h without tanh", "lstm_forward", "h = o * tanh_c", "h = o * c", "h = o tanh(c): the tanh is missing"),
    ("tanh of the product", "lstm_forward", "h = o * tanh_c", "h = np.tanh(o * c)", "the Spatial LSTM's"),
    ("h of the old memory", "lstm_forward", "h = o * tanh_c", "h = o * np.tanh(c_prev)", "made of the memory before"),
    ("nothing remembered", "lstm_forward", MEMORY, "c = i * g", "f c_prev, is missing"),
    ("no input gate", "lstm_forward", MEMORY, "c = f * c_prev + g", "i is missing"),
    ("o forgotten", "lstm_forward", "h = o * tanh_c", "h = tanh_c", "o is missing: h = o tanh(c)"),
    ("tanh on all gates", "lstm_forward", GATES, "o, f, i, g = (np.tanh(v) for v in (a_o, a_f, a_i, a_g))",
     "all four gates go through tanh"),
    ("no gate squashed", "lstm_forward", GATES, "o, f, i, g = a_o, a_f, a_i, a_g", "no gate is squashed"),
    ("h alone wrong", "lstm_forward", "h = o * tanh_c", "h = o * tanh_c**3", "numbers of output 0 are wrong"),
    ("c and h exchanged", "lstm_forward", "return (h, c), cache", "return (c, h), cache", "(c, h) is returned"),
    ("writes into c_prev", "lstm_forward", MEMORY, "c_prev *= f; c = c_prev + i * g", "changes its arguments"),
    ("no pattern", "lstm_forward", MEMORY, "c = f * c_prev + i * g**2", "are wrong, first at"),
    ("no tuple", "lstm_forward", "return (h, c), cache", "return h, cache", "a tuple of 2 arrays"),

    ("no way through h", "lstm_backward", DC, "dc = dc + 0 * dh", "da, dc_prev: the memory's way into h is missing"),
    ("no way through c", "lstm_backward", DC, DC.replace("dc + ", ""), "the memory's way into the next cell is missing"),
    ("tanh's derivative", "lstm_backward", " * (1 - tanh_c**2)", "", "the derivative of tanh(c) is missing"),
    ("1 - c^2", "lstm_backward", "tanh_c**2", "np.arctanh(tanh_c)**2", "not 1 - c^2"),
    ("o missing", "lstm_backward", "dh * o * (1", "dh * (1", "o is missing on the way from h into c"),
    ("tanh of g", "lstm_backward", "dg * (1 - g**2)", "dg", "da: the derivative of g's tanh is missing"),
    ("g as a sigmoid", "lstm_backward", "(1 - g**2)", "g * (1 - g)", "da: g is a tanh"),
    ("no derivatives", "lstm_backward", DA, "[do, df, di, dg]", "the derivatives of all four gates are missing"),
    ("no sigmoids'", "lstm_backward", DA, "[do, df, di, dg * (1 - g**2)]", "the derivatives of the sigmoids are missing"),
    ("blocks exchanged", "lstm_backward", DA, "[di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)]",
     "the blocks stand in the order i, f, o, g"),
    ("dc_prev before dc", "lstm_backward", "dc_prev = dc * f", "dc_prev = dh_dc[1] * f if dh_dc[1] is not None else 0 * f",
     "dc_prev: the memory's way into h is missing"),
    ("f missing", "lstm_backward", "dc_prev = dc * f", "dc_prev = dc", "dc_prev: dc_prev = dc f: f is missing"),
    ("df of the new memory", "lstm_backward", "dc * c_prev", "dc * np.arctanh(tanh_c)", "the memory before"),
    ("c_prev missing", "lstm_backward", "dc * c_prev", "dc", "df = dc c_prev: c_prev is missing"),
    ("g missing", "lstm_backward", "dc * g,", "dc,", "di = dc g: g is missing"),
    ("one gate wrong", "lstm_backward", "df * f", "df**3 * f", "da: right but for some entries: only at gate's unit 3, 4, 5"),
    ("di and dg exchanged", "lstm_backward", PRODUCTS, PRODUCTS.replace("dc * g, dc * i", "dc * i, dc * g"),
     "they are exchanged"),
    ("wrong sign", "lstm_backward", '"a": da', '"a": -da', "da: everywhere of the wrong sign"),
    ("None refused", "lstm_backward", DC, "dc = (0.5 if dh_dc[1] is None else dc) + dh * o * (1 - tanh_c**2)",
     "dc None (nobody reads this memory)"),
]

SKEW_ANSWERS = [
    ("square only", "skew", "(*x.shape[:-1], H + W - 1)", "(*x.shape[:-1], 2 * H - 1 if H >= W else H + W - 1)",
     "that assumes a square; it should become 5 x 8"),
    ("fails on what is wide", "skew", "(*x.shape[:-1], H + W - 1)", "(*x.shape[:-1], 2 * H - 1)",
     "right for a square image, 4 x 4, but not"),
    ("half the digits", "skew", "x.dtype", "np.float32", "they are float32 and x is float64"),
    ("no move", "skew", MOVED, "s[..., i, :W] =", "the rows do not move"),
    ("the wrong way", "skew", MOVED, "s[..., i, H - 1 - i:H - 1 - i + W] =", "skewed the wrong way"),
    ("to the left, around", "skew", "    return s",
     "    return np.stack([np.roll(s[..., i, :], -2 * i, -1) for i in range(H)], -2)",
     "row i moves to the left, around the edge"),
    ("cut to integers", "skew", "    return s", "    return s.astype(int)", "cut to whole ones"),
    ("one too far", "skew", "    return s", "    return np.roll(s, 1, -1) * (np.arange(H + W - 1) > 0)",
     "row i moves right by i + 1"),
    ("ones in the padding", "skew", "np.zeros(", "np.ones(", "where no pixel stands there are zeros"),
    ("mirrored", "skew", "= x[..., i, :]", "= x[..., i, ::-1]", "every row is mirrored"),
    ("no pattern", "skew", "= x[..., i, :]", "= x[..., i, :] + i", "are wrong, first at"),
    ("two axes only", "skew", f"{MOVED} x[..., i, :]", "s[i, i:i + W] = x[i, :]",
     "right for one map, 3 x 6, but not for (2, 3, 3, 6)"),
    ("T too large", "skew", "(*x.shape[:-1], H + W - 1)", "(*x.shape[:-1], H + W)", "expected (2, 3, 3, 8)"),

    ("square only", "unskew", "W = T - H + 1", "W = H", "an image 3 x 6 comes back as 3 x 3: that assumes a square"),
    ("square by half of T", "unskew", "W = T - H + 1", "W = (T + 1) // 2",
     "an image 3 x 6 comes back as 3 x 4: that assumes a square"),
    ("fails on what is tall", "unskew", "W = T - H + 1", "W = max(H, T - H + 1)",
     "right for a square image, 4 x 4, but not for 5 x 4"),
    ("cut off", "unskew", BACK, "s[..., i, :W]", "the rows do not move back"),
    ("cut to integers", "unskew", BACK, BACK + ".astype(int)", "cut to whole ones"),
    ("one too far", "unskew", BACK, "np.roll(s, -1, -1)[..., i, i:i + W]", "yours begin in column i + 1"),
    ("the wrong way", "unskew", BACK, "s[..., i, H - 1 - i:H - 1 - i + W]", "the wrong way"),
    ("two axes only", "unskew", BACK, "s[i, i:i + W]", "index the last two axes"),
    ("no pattern", "unskew", BACK, "s[..., 0, i:i + W]", "are wrong, first at"),
]

SCAN_ANSWERS = [
    ("reads row i + 1", "scan_forward", ABOVE, "above[:, :, :-1] = h[:, :, 1:]", "row i reads row i + 1, which is later"),
    ("reads its own row twice", "scan_forward", ABOVE, "above[:] = h", "row i reads its own row for both"),
    ("wraps around", "scan_forward", ABOVE, "above = np.roll(h, 1, 2)", "row 0 reads the last row"),
    ("h0 above row 0", "scan_forward", ABOVE, f"{ABOVE}; above[:, :, 0] = h0", "row 0 reads h0 above"),
    ("nothing from above", "scan_forward", " + K_ss[1].T @ h_above", "", "h_above is not read"),
    ("nothing from the left", "scan_forward", "K_ss[0].T @ h_left + ", "", "h_left is not read"),
    ("left and above exchanged", "scan_forward", TOTAL, "K_ss[1].T @ h_left + K_ss[0].T @ h_above",
     "are exchanged: left, above"),
    ("padding computed", "scan_forward", ROWS, "rows = slice(0, H)", "computed from the padding, as if it were pixels"),
    ("no initial state", "scan_forward", STATES, STATES.replace("+ initial[:, None]", ""), "neither h0 nor c0 is used"),
    ("h0 forgotten", "scan_forward", STATES, f"{STATES}; h[:] = 0", "h0 is not used"),
    ("c0 forgotten", "scan_forward", STATES, f"{STATES}; c[:] = 0", "c0 is not used"),
    ("initial state in row 0", "scan_forward", STATES, f"{STATES}; h[:, :, 1:] = c[:, :, 1:] = 0", "only row 0 begins with h0"),
    ("memory from above", "scan_forward", READ, f"{READ}; c_left = np.pad(c, ((0, 0), (0, 0), (1, 0)))[:, :, rows]",
     "the memory c is read from above"),
    ("in place", "scan_forward", NEW,
     "own = []\n        for i in range(rows.start, rows.stop):\n"
     "            now = h[:, :, i - 1] if i else 0 * h[:, :, 0]\n"
     "            one = a[:, :, i, t] + h_left[:, :, i - rows.start] @ K_ss[0] + now @ K_ss[1]\n"
     "            (h[:, :, i], c[:, :, i]), cell_cache = cell.forward(one, c_left[:, :, i - rows.start])",
     "rows are written one after the other"),
    ("h0 and c0 exchanged", "scan_forward", STATES, f"{STATES}; h, c = c, h", "h0 and c0 are exchanged"),
    ("h stays", "scan_forward", NEW, f"before = h.copy(); {NEW}; y[:, :, rows, t] = h[:, :, rows]; h = before",
     "are wrong, first at"),
    ("no pattern", "scan_forward", "total = ", "total = 1.5 * ", "are wrong, first at"),
    ("not skewed", "scan_forward", "return y, cache", "return y[..., :-1], cache", "expected (2, 4, 3, 8)"),
    ("no cache", "scan_forward", "return y, cache", "return y", "must return y, cache"),
    ("writes into a", "scan_forward", "total = ", "a += 1; total = ", "changes its arguments"),

    ("below overwrites", "scan_backward", BELOW, BELOW.replace("+=", "="),
     "what comes from below overwrites what came from the right"),
    ("below overwrites, in its rows", "scan_backward", BELOW,
     "up = slice(max(0, rows.start - 1), max(0, rows.stop - 1)); "
     "dh[:, :, up] = dh_above[:, :, up.start + 1:up.stop + 1]", "overwrites what came from the right"),
    ("right overwrites", "scan_backward", LEFT,
     "above = np.zeros_like(dh); above[:, :, rows] = K_ss[1] @ da_t; dh[:, :, :-1] += above[:, :, 1:]\n"
     f"        {LEFT}; da_t = 0 * da_t", "what comes from the right overwrites what came from below"),
    ("dh not used up", "scan_backward", LEFT, LEFT.replace("=", "+=", 1), "dh is used up"),
    ("dc not used up", "scan_backward", 'dc[:, :, rows] = grads["c_prev"]', 'dc[:, :, rows] += grads["c_prev"]',
     "dc is used up"),
    ("wraps around", "scan_backward", BELOW, "dh += np.roll(dh_above, -1, 2)", "comes back to the last row, as np.roll"),
    ("columns forwards", "scan_backward", "reversed(range(T))", "range(T)", "columns run backwards"),
    ("K_ss[0] twice", "scan_backward", "K_ss[1] @ da_t", "K_ss[0] @ da_t", "both reads give back through K_ss[0]"),
    ("right missing", "scan_backward", LEFT, "dh[:, :, rows] = 0", "what comes from the right is missing"),
    ("below missing", "scan_backward", BELOW, "pass", "what comes from below is missing"),
    ("c_prev missing", "scan_backward", 'dc[:, :, rows] = grads["c_prev"]', "dc[:, :, rows] = 0",
     "the path through c_prev is missing"),
    ("readers forgotten", "scan_backward", CELL, CELL.replace(" + dh[:, :, rows]", ""),
     "what the readers give back is missing"),
    ("dy forgotten", "scan_backward", CELL, CELL.replace("dy[:, :, rows, t]", "dy[:, :, rows, t] * (t == T - 1)"),
     "dy is missing"),
    ("back to row i", "scan_backward", BELOW, "dh += dh_above", "comes back to row i, and not to row i - 1"),
    ("back to row i + 1", "scan_backward", BELOW, "dh[:, :, 1:] += dh_above[:, :, :-1]", "comes back to row i + 1"),
    ("K_ss exchanged", "scan_backward", "    columns, K_ss, cell = cache", "    columns, K_ss, cell = cache; K_ss = K_ss[::-1]",
     "K_ss[0] and K_ss[1] are exchanged"),
    ("K_ss overwritten", "scan_backward", "    h_left, h_above, cell_cache = columns[t]",
     "    h_left, h_above, cell_cache = columns[t]; dK[:] = 0", "what is left is column 0's"),
    ("initial state forgotten", "scan_backward", INITIAL, "dh0, dc0 = np.zeros((2, dy.shape[1]))",
     "dh0, dc0: the gradient of the initial state is forgotten"),
    ("initial state of row 0", "scan_backward", INITIAL, "dh0, dc0 = dh[:, :, 0].sum(axis=0), dc[:, :, 0].sum(axis=0)",
     "you have row 0 alone"),
    ("a name missing", "scan_backward", ', "c0": dc0', "", "missing ['c0']"),
    ("batch sum of K_ss forgotten", "scan_backward", 'dK[0] += np.einsum("nhi,nfi->hf", h_left, da_t)',
     'dK[0] += np.einsum("hi,fi->hf", h_left[0], da_t[0])', "dK_ss: "),
]

JOIN_ANSWERS = [
    ("shift forgotten", "join_forward", JOIN, "y += right[:, :, ::-1]", "the shift is forgotten"),
    ("shifted up", "join_forward", JOIN, "y[:, :-1] += right[:, 1:, ::-1]", "shifted the wrong way, up"),
    ("last row zeroed", "join_forward", JOIN, "y[:, :-1] += right[:, :-1, ::-1]",
     "the last row is set to zero and nothing is moved"),
    ("wraps around", "join_forward", JOIN, "y += np.roll(right[:, :, ::-1], 1, axis=1)", "the last row comes in again on top"),
    ("not mirrored back", "join_forward", JOIN, "y[:, 1:] += right[:, :-1]",
     "the right map is not mirrored back: its column 0"),
    ("neither", "join_forward", JOIN, "y += right", "the shift is forgotten: the right map is moved"),
    ("mirrored from top to bottom", "join_forward", JOIN, "y[:, 1:] += right[:, ::-1][:, :-1]", "mirrored from top to bottom"),
    ("both moved", "join_forward", "y = left.copy()\n", "y = left * 0; y[:, 1:] += left[:, :-1]\n", "both maps are moved down"),
    ("moved along the row", "join_forward", JOIN, "y[:, :, 1:] += right[:, :, ::-1][:, :, :-1]", "moved along the row"),
    ("written into left", "join_forward", "left.copy()", "left", "changes its arguments"),

    ("shift forgotten", "join_backward", DRIGHT, "dright = dy[:, :, ::-1]", "dright: the shift is forgotten on the way back"),
    ("shifted down again", "join_backward", DRIGHT, "dright[:, 1:] = dy[:, :-1, ::-1]", "dright: shifted down once more"),
    ("wraps around", "join_backward", DRIGHT, "dright = np.roll(dy[:, :, ::-1], -1, axis=1)", "row 0 comes in again below"),
    ("last row zeroed", "join_backward", DRIGHT, "dright[:, :-1] = dy[:, :-1, ::-1]",
     "the last row of the right map went nowhere, but"),
    ("not mirrored", "join_backward", DRIGHT, "dright[:, :-1] = dy[:, 1:]", "dright: not mirrored"),
    ("left moved", "join_backward", "dleft, dright = dy.copy(), ",
     "dleft, dright = np.pad(dy[:, 1:], ((0, 0), (0, 1), (0, 0), (0, 0))), ", "dleft: the left map was added as it is"),
    ("wrong sign", "join_backward", '"left": dleft', '"left": -dleft', "dleft: everywhere of the wrong sign"),
]

CONTEXT_ANSWERS = [
    ("nothing missed", "missed", MISSED, "return []", "nobody else sees its last pixel"),
    ("above row 0", "missed", "i > 0 and ", "", "above row 0 there is no pixel"),
    ("reach forgotten", "missed", "j + reach < last", "j < last", "and so sees the last pixel itself"),
    ("reach off by one", "missed", "j + reach < last", "j + reach <= last", "and so sees the last pixel itself"),
    ("the first pixel", "missed", "(i - 1, last)", "(i - 1, 0)", "the scan from the right has read all of the row above but"),
    ("its own row", "missed", "(i - 1, last)", "(i, last)", "of its own row the prediction sees all"),
    ("one pixel, no list", "missed", "[(i - 1, last)]", "(i - 1, last)", "expected a list of (row, column)"),
    ("None", "missed", "return [", "answer = [", "is None, expected a list"),

    ("not cut off", "full_context_forward", CROP, "pass", "y has shape (2, 3, 5, 5), expected (2, 3, 4, 5)"),
    ("cut off on the left", "full_context_forward", CROP, "y = y[:, :, 1:]", "the one on the left was cut away"),
    ("no column", "full_context_forward", WIDE, "x", "no column was added"),
    ("on the left",
     "full_context_forward", f"[x, np.zeros((N, H, 1, C), x.dtype)], axis=2)\n    y, cache = net.forward(wide)\n    {CROP}",
     "[np.zeros((N, H, 1, C)), x], axis=2)\n    y, cache = net.forward(wide)\n    y = y[:, :, 1:]",
     "the column stands on the left"),
    ("on the left, cut off on the right", "full_context_forward", "[x, np.zeros((N, H, 1, C), x.dtype)]",
     "[np.zeros((N, H, 1, C), x.dtype), x]", "the wrong one was cut away"),
    ("repeated", "full_context_forward", "np.zeros((N, H, 1, C), x.dtype)", "x[:, :, -1:]", "the column repeats the last one"),
    ("ones", "full_context_forward", "np.zeros(", "np.ones(", "the column holds ones"),
]

PLANTED = ZERO_ANSWERS + CELL_ANSWERS + SKEW_ANSWERS + SCAN_ANSWERS + JOIN_ANSWERS + CONTEXT_ANSWERS
