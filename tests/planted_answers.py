"""Wrong answers to the exercises of chapter 1: (name, function, what to replace in it, by what, words the judge must say).

Each is the chapter's own answer with one mistake in it.
"""

PADDED = "np.pad(x, ((0, 0), (r, r), (r, r), (0, 0)))"
READ = "padded[:, r + di:r + di + H, r + dj:r + dj + W]"
WINDOW = "window = slice(None), slice(r + di, r + di + H), slice(r + dj, r + dj + W)"
DX = "dx_padded[window] += dy @ K[t].T"
DK = "dK[t] = padded[window].reshape(-1, C).T @ dy.reshape(-1, F)"
KEYS = "(di, dj, colour_in), (0, 0, colour_out)"
RULE = 'source < target if mask == "A" else source <= target'
DB = "db = dy.sum(axis=(0, 1, 2))"
LEAK = "(*offset, colour_in) <= (0, 0, colour_out)"
MIRRORED = "dx_padded[:, r - di:r - di + H, r - dj:r - dj + W]"

PLANTED = [
    ("mask A leaks", "may_read", RULE, "source <= target", "mask A forbids a value to read itself"),
    ("the centre of mask B missing", "may_read", RULE, "source < target", "mask B lets a unit read its own place"),
    ("colours reversed", "may_read", KEYS, "(di, dj, -colour_in), (0, 0, -colour_out)",
     "a later colour of the same pixel may not be read"),
    ("columns before rows", "may_read", "(di, dj, colour_in)", "(dj, di, colour_in)", "the rows below are later"),
    ("only what is up and left", "may_read", RULE, RULE + " and dj <= 0", "all of the rows above is earlier"),
    ("colours compared everywhere", "may_read", RULE, f"colour_in <= colour_out and ({RULE})", "in the same row is earlier"),
    ("the row is not compared", "may_read", RULE, "source[1:] < target[1:]", "the rows below are later"),
    ("nothing returned", "may_read", f"return {RULE}", "answer = source < target", "is None, expected True or False"),

    ("bias missing", "conv_forward", " + b", "", "the bias b is missing"),
    ("bias for each tap", "conv_forward", "@ K[t]", "@ K[t] + (t > 0) * b", "added once for each tap"),
    ("overwritten", "conv_forward", "y += padded", "y = b + padded", "only the last tap counts"),
    ("taps mirrored", "conv_forward", READ, "padded[:, r - di:r - di + H, r - dj:r - dj + W]", "taps point the wrong way"),
    ("di and dj exchanged", "conv_forward", READ, "padded[:, r + dj:r + dj + H, r + di:r + di + W]", "di and dj are exchanged"),
    ("tap off by one", "conv_forward", f"{PADDED}\n", "np.pad(x, ((0, 0), (r, r), (r - 1, r + 1), (0, 0)))\n",
     "one column too far right"),
    ("wraps around", "conv_forward", READ, "np.roll(x, (-di, -dj), (1, 2))", "goes on at its other side"),
    ("border repeated", "conv_forward", "(0, 0)))\n", '(0, 0)), "edge")\n', "right inside, wrong at the border"),
    ("reads the future", "conv_forward", "@ K[t]\n", "@ K[t]\n    y[:, :, :-1] += x[:, :, 1:] @ K[0]\n",
     "offsets [(0, 1)], which are no live taps"),
    ("a tap forgotten", "conv_forward", "@ K[t]\n", "@ (K[t] * (t != 1))\n", "does not read x at the taps [(-1, 0)]"),
    ("kernel upside down", "conv_forward", "@ K[t]", "@ K[-1 - t]", "paired in reverse order"),
    ("not finite", "conv_forward", "return y, cache", "return y * np.nan, cache", "y has NaN or inf in"),
    ("a list", "conv_forward", "return y, cache", "return y.tolist(), cache", "with an array y, got list, tuple"),
    ("no pattern", "conv_forward", "@ K[t]", "@ K[t] ** 2", " is right"),
    ("rounded", "conv_forward", "return y, cache", 'return y.astype("float32"), cache', "is one of your arrays float32"),
    ("images mixed", "conv_forward", "+ b\n", "+ b + 1e-3 * x.mean()\n", "images of the batch are mixed"),
    ("not padded back", "conv_forward", "return y, cache", "return y[:, 1:], cache", "expected (2, 3, 4, 7)"),
    ("writes into x", "conv_forward", "y += padded", "x *= 1.5\n        y += padded", "changes its arguments"),
    ("no cache", "conv_forward", "return y, cache", "return y", "must return y, cache"),

    ("mirror forgotten", "conv_backward", DX, f"{MIRRORED} += dy @ K[t].T", "the way back is the mirrored tap"),
    ("batch sum forgotten", "conv_backward", DK, "dK[t] = padded[window][0].reshape(-1, C).T @ dy[0].reshape(-1, F)",
     "dK: made of image 0 of dy alone"),
    ("wrong sign", "conv_backward", '"K": dK', '"K": -dK', "dK: everywhere of the wrong sign"),
    ("K not transposed", "conv_backward", "K[t].T", "K[t]", "K is used transposed"),
    ("tap off by one on the way back", "conv_backward", "dK[t] = padded[window]", "dK[t] = np.roll(padded, -1, 2)[window]",
     "dK: every tap is off by one, one column too far right"),
    ("tap of dx off by one", "conv_backward", "dx = dx_padded[:, r:r + H, r:r + W]",
     "dx = np.roll(dx_padded, 1, 1)[:, r:r + H, r:r + W]", "dx: every tap is off by one"),
    ("db all zeros", "conv_backward", DB, "db = np.zeros(F)", "db: zero everywhere"),
    ("a mean for a sum", "conv_backward", DB, "db = dy.mean(axis=(0, 1, 2))", "a mean where a sum is due"),
    ("sum over the batch missing", "conv_backward", DB, "db = dy.sum(axis=(1, 2))", "this sum is missing"),
    ("only the last tap", "conv_backward", DX, DX.replace("+=", "=").replace("dx_p", "dx_padded[...] = 0\n        dx_p"),
     "dx: made of tap 4 of K alone"),
    ("overlapping windows overwritten", "conv_backward", DX, DX.replace("+=", "="), "dx: "),
    ("padding left on", "conv_backward", '"x": dx,', '"x": dx_padded,', "expected (2, 3, 4, 6)"),
    ("a name missing", "conv_backward", ', "b": db', "", "missing ['b']"),

    ("still causal", "leaky_may_read", LEAK, f'{LEAK.replace("<=", "<")} or mask == "B" and {LEAK}', "finds no leak"),
    ("leaks too much", "leaky_may_read", LEAK, "offset <= (0, 0)", "more than its own value: later value"),
    ("nothing at the centre", "leaky_may_read", LEAK, "offset < (0, 0)", "no model can be built with this rule"),
    ("R alone", "leaky_may_read", LEAK, f"{LEAK.replace('<=', '<')} or (mask == 'B' or colour_in == 0) and {LEAK}",
     "not those of G and B"),
]
