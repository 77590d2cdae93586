# %% [markdown]
# # Diagonal BiLSTM: skew, shift, and the pixel the paper misses
#
# **The question.** A convolution sees as far as its kernel. A recurrence has no such border: what it once read, it may
# remember. Can one layer let every pixel see *all* earlier pixels, without computing them one after the other?
#
# The paper's answer is the Diagonal BiLSTM. One LSTM walks over the image from the left top corner, another from the
# right top corner; each computes a whole diagonal at once; and one of the two results is moved down by one row. Why
# that row? Leave it out and you will see: the layer reads the pixel that it is to predict.
#
# You will write the cell, the skew, the scan and the join, each with its way back. Then the auditor looks at your
# layer, first with the shift and then without it. And it finds something that the paper does not say: one earlier pixel
# is seen by nobody. You mend that, and train.
#
# Needed: chapter 1, and what an LSTM is for. Time: about three hours. `minipixel check` judges this file at any moment.
#
# Source: van den Oord, Kalchbrenner, Kavukcuoglu 2016, *Pixel Recurrent Neural Networks* ("the paper"), sections 3.1
# and 3.2, equation 3.

# %%
# chapter: diagonal_bilstm
import time

import numpy as np
from threadpoolctl import threadpool_limits

import minipixel
from minipixel import audit, course, gradcheck, plots
from minipixel.layers import DiagonalBiLSTM, FullContext
from minipixel.models import pixelrnn
from minipixel.ops.cells import Cell
from minipixel.training.evaluation import independent_nats
from minipixel.training.optimisers import Adam

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. The cell
#
# The cell of a pixel gets pre-activations `a`, four for each of its `h` units, and the memory `c_prev` of a cell before
# it. The paper's equation 3:
#
# $$o, f, i = \sigma(a_o), \sigma(a_f), \sigma(a_i) \qquad g = \tanh(a_g)$$
# $$c = f \odot c_{prev} + i \odot g \qquad h = o \odot \tanh(c)$$
#
# The paper writes one σ over all four, and says in words that the last one, the candidate `g`, has a tanh. Many who
# wrote the layer down have overlooked the words.
#
# Units stand on axis 1, the gates one block after the other in the paper's order: `a[:, :h]` is `a_o`. What stands on
# the other axes (images, rows) is nothing to the cell.
#
# **Exercise 1.** Write the cell.

# %%
def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def lstm_forward(a, c_prev):
    """o, f, i = sigmoid(a_o, a_f, a_i), g = tanh(a_g);   c = f c_prev + i g;   h = o tanh(c)

    a (.., 4h, ..) in the order o, f, i, g, c_prev (.., h, ..)  ->  (h, c), each (.., h, ..), cache
    """
    # Hint: np.split cuts an array into equal parts along an axis.
    # <answer> exercise 1: four gates, then c and h
    a_o, a_f, a_i, a_g = np.split(a, 4, axis=1)
    o, f, i, g = sigmoid(a_o), sigmoid(a_f), sigmoid(a_i), np.tanh(a_g)
    c = f * c_prev + i * g
    tanh_c = np.tanh(c)
    h = o * tanh_c
    # </answer>
    cache = o, f, i, g, c_prev, tanh_c
    return (h, c), cache

# %%
(h, c), _ = lstm_forward(np.array([[[0.0], [1.0], [-1.0], [2.0]]]), np.array([[[0.5]]]))  # one unit
print(f"h {h.item():.4f}  c {c.item():.4f}", "expected: h 0.2772  c 0.6248")

# %% [markdown]
# Going back, `dh` and `dc` come down: what the loss wants of `h`, and what the *next* cell wants of the memory `c`. But
# `c` has two ways on. It is handed to the next cell, and it made `h`. Its gradient is the sum of both:
#
# $$dc \leftarrow dc + dh \odot o \odot (1 - \tanh^2 c)$$
#
# From there everything is a product rule. Last, through the gates: the derivative of a sigmoid s is s (1 - s), that of a
# tanh g is 1 - g².
#
# **Exercise 2.** Write the way back.

# %%
def lstm_backward(dh_dc, cache):
    """The gradients of lstm_forward: (dh, dc), each (.., h, ..)  ->  {"a": (.., 4h, ..), "c_prev": (.., h, ..)}"""
    dh, dc = dh_dc
    dc = 0 if dc is None else dc  # None: nobody reads this memory
    o, f, i, g, c_prev, tanh_c = cache
    # Hint: complete dc first. np.concatenate puts the four blocks of da together again.
    # <answer> exercise 2: both ways of the memory, then the gates
    dc = dc + dh * o * (1 - tanh_c**2)
    do, df, di, dg = dh * tanh_c, dc * c_prev, dc * g, dc * i
    da = np.concatenate([do * o * (1 - o), df * f * (1 - f), di * i * (1 - i), dg * (1 - g**2)], axis=1)
    dc_prev = dc * f
    # </answer>
    return {"a": da, "c_prev": dc_prev}

# %%
print(gradcheck.check(lstm_forward, lstm_backward, {"a": rng.standard_normal((2, 12, 5)),
                                                    "c_prev": rng.standard_normal((2, 3, 5))}))

# %% [markdown]
# ## 2. The slow version
#
# A cell reads the `h` of two cells before it: of the one on its left, and of the one above. It reads the memory `c` of
# the left one only:
#
# $$a_{ij} = K^{is} x_{ij} + K^{ss}_{left} h_{i,j-1} + K^{ss}_{above} h_{i-1,j} + b \qquad c_{prev} = c_{i,j-1}$$
#
# Left of column 0 stands a learned **initial state** `h0`, `c0`, the same in every row. Above row 0 there are zeros. As
# nested loops, one pixel after the other:

# %%
def scan_loops(a, K_ss, h0, c0):
    """a (N, 4h, H, W), K_ss (2, h, 4h): left, above  ->  h of every pixel (N, h, H, W)"""
    N, _, H, W = a.shape
    h, c = np.zeros((2, N, len(h0), H, W))
    for n in range(N):
        for i in range(H):
            for j in range(W):
                h_left, c_left = (h[n, :, i, j - 1], c[n, :, i, j - 1]) if j > 0 else (h0, c0)
                h_above = h[n, :, i - 1, j] if i > 0 else np.zeros_like(h0)
                total = a[n, :, i, j] + h_left @ K_ss[0] + h_above @ K_ss[1]
                (h_new, c_new), _ = lstm_forward(total[None], c_left[None])
                h[n, :, i, j], c[n, :, i, j] = h_new[0], c_new[0]
    return h

# %% [markdown]
# ## 3. Skew
#
# Two pixels of one diagonal (i + j the same) do not read each other: they can be computed at once. To get at them, the
# paper **skews** the map. Row i moves right by i, and the diagonals become columns. A map of H x W becomes one of
# H x (H + W - 1), with zeros where no pixel stands.
#
# **Exercise 3.** Write the skew. The images of a museum are square; those of your users are not.

# %%
def skew(x):
    """s_(i, i + j) = x_ij, zeros elsewhere:   x (.., H, W)  ->  s (.., H, H + W - 1)"""
    # Hint: `x[..., i, :]` is row i, whatever axes come before. One loop over the rows is enough.
    # <answer> exercise 3: row i moves right by i
    H, W = x.shape[-2:]
    s = np.zeros((*x.shape[:-1], H + W - 1), x.dtype)
    for i in range(H):
        s[..., i, i:i + W] = x[..., i, :]
    # </answer>
    return s

# %%
numbered = np.arange(1, 21).reshape(4, 5)
print(skew(numbered))
course.show(plots.diagonals, numbered, skew(numbered))

# %% [markdown]
# The colour of a pixel is its diagonal. After the skew each column has one colour, and the two arrows, from the left
# and from above, both start one column earlier: at the same row, and at the row above. A column needs nothing but the
# column before.
#
# **Exercise 4.** And back again.

# %%
def unskew(s):
    """x_ij = s_(i, i + j):   s (.., H, H + W - 1)  ->  x (.., H, W)"""
    # Hint: how wide was the image? H is known, and so is the width of s.
    # <answer> exercise 4: row i moves back left by i
    H, T = s.shape[-2:]
    W = T - H + 1
    x = np.zeros((*s.shape[:-1], W), s.dtype)
    for i in range(H):
        x[..., i, :] = s[..., i, i:i + W]
    # </answer>
    return x

# %% [markdown]
# These two need no backward of their own. Skew copies each pixel to one place, so its way back takes each gradient from
# that place: this is `unskew`. In the same way `skew` is the way back of `unskew`.

# %%
print("there and back again:", np.array_equal(unskew(skew(numbered)), numbered))
print(gradcheck.check(lambda x: (skew(x), None), lambda ds, cache: {"x": unskew(ds)}, {"x": rng.standard_normal((2, 3, 4))}))

# %% [markdown]
# ## 4. The scan
#
# Now the recurrence goes over the columns of the skewed map, all rows and all images at once. The state of a column is
# `h` and `c`, both (N, h, H). In column t:
#
# - row i reads `h` and `c` of its own row one column before (left), and `h` of row i - 1 one column before (above);
# - only some rows have a pixel there. `rows_of(t, H, W)` names them. A row that has not begun yet has to keep `h0`, `c0`,
#   for its first pixel will read them. It must not be computed from the zeros that the skew has put there: the
#   cell makes something of zeros, and of a memory.
#
# The cell comes as an argument, a pair: `cell.forward(a, c_prev)`, `cell.backward((dh, dc), cache)`.
#
# **Exercise 5.** Write the scan.

# %%
def rows_of(t, H, W):
    """The rows of an H x W image that have a pixel in column t of its skewed map."""
    return slice(max(0, t - W + 1), min(H, t + 1))


def scan_forward(a, K_ss, h0, c0, cell):
    """h, c = cell(a + K_left^T h_left + K_above^T h_above, c_left), column by column

    a (N, 4h, H, T) skewed, K_ss (2, h, 4h): left, above, h0, c0 (h,)  ->  y (N, h, H, T): h, skewed, zeros beside it
    """
    # Hint: let h and c be the newest state of every row, at first h0 and c0. Before column t changes them, take from them what
    # its rows read, as copies: the cache keeps that.
    # <answer> exercise 5: column by column, from the left and from above
    N, _, H, T = a.shape
    h, c = (np.zeros((N, len(initial), H)) + initial[:, None] for initial in (h0, c0))
    y, columns = np.zeros((N, len(h0), H, T)), []
    for t in range(T):
        rows = rows_of(t, H, T - H + 1)
        above = np.zeros_like(h)
        above[:, :, 1:] = h[:, :, :-1]
        h_left, h_above, c_left = h[:, :, rows].copy(), above[:, :, rows], c[:, :, rows].copy()
        total = a[:, :, rows, t] + K_ss[0].T @ h_left + K_ss[1].T @ h_above
        (h[:, :, rows], c[:, :, rows]), cell_cache = cell.forward(total, c_left)
        y[:, :, rows, t] = h[:, :, rows]
        columns.append((h_left, h_above, cell_cache))
    # </answer>
    cache = columns, K_ss, cell  # columns[t], for rows_of(t, H, W): what they read as h_left and h_above, the cell's cache
    return y, cache

# %%
lstm = Cell(lstm_forward, lstm_backward, 4)
a, K_ss = rng.standard_normal((3, 8, 4, 2)), rng.standard_normal((2, 2, 8))  # three images of 4 x 2, two units
small = {"a": skew(a), "K_ss": K_ss, "h0": rng.standard_normal(2), "c0": rng.standard_normal(2), "cell": lstm}
difference = np.abs(unskew(scan_forward(**small)[0]) - scan_loops(a, K_ss, small["h0"], small["c0"])).max()
print(f"largest difference from the loops: {difference:.1e}", "(right)" if difference < 1e-12 else "(WRONG)")

# %% [markdown]
# Going back, the columns come in reverse: back-propagation through time, where time runs along the diagonals. Ask again
# of each number, *who read it?*
#
# - `h` of a pixel was read three times: it went out (`dy`), the pixel on its right read it as `h_left`, and the pixel
#   *below* read it as `h_above`. Its gradient is the sum of all three.
# - `c` was read by the pixel on its right.
# - The matrices met every pixel: their gradients are sums over all columns, rows and images.
# - `h0` and `c0` were read by the first pixel of every row, of every image.
#
# **Exercise 6.** Write the way back.

# %%
def scan_backward(dy, cache):
    """The gradients of scan_forward: dy (N, h, H, T)  ->  {"a", "K_ss", "h0", "c0"}, each of the shape of its argument"""
    columns, K_ss, cell = cache
    # Hint: let dh and dc (N, h, H) be what the columns after t gave back, row by row. Column t uses up its rows' share, and
    # puts there what it owes to column t - 1. In a row that is done, what is left is owed to h0 and c0.
    # <answer> exercise 6: columns in reverse; add up what comes from two readers
    N, _, H, T = dy.shape
    da, dK = np.zeros((N, K_ss.shape[2], H, T)), np.zeros_like(K_ss)
    dh, dc = np.zeros((2, *dy.shape[:3]))
    for t in reversed(range(T)):
        rows = rows_of(t, H, T - H + 1)
        h_left, h_above, cell_cache = columns[t]
        grads = cell.backward((dy[:, :, rows, t] + dh[:, :, rows], dc[:, :, rows]), cell_cache)
        da_t = da[:, :, rows, t] = grads["a"]
        dK[0] += np.einsum("nhi,nfi->hf", h_left, da_t)
        dK[1] += np.einsum("nhi,nfi->hf", h_above, da_t)
        dh[:, :, rows] = K_ss[0] @ da_t
        dc[:, :, rows] = grads["c_prev"]
        dh_above = np.zeros_like(dh)
        dh_above[:, :, rows] = K_ss[1] @ da_t
        dh[:, :, :-1] += dh_above[:, :, 1:]
    dh0, dc0 = dh.sum(axis=(0, 2)), dc.sum(axis=(0, 2))
    # </answer>
    return {"a": da, "K_ss": dK, "h0": dh0, "c0": dc0}

# %%
print(gradcheck.check(scan_forward, scan_backward, small))

# %% [markdown]
# ## 5. Two directions, and a shift
#
# The scan from the left has seen, at (i, j), everything above and to the left, that is (0..i, 0..j). What is above and
# to the *right* is earlier as well. So the layer runs a second scan on the mirrored image, from the right, and adds
# the two maps.
#
# But the second scan has read, at (i, j), what stands in row i at j and to the right of it. These pixels are later.
# Its map is therefore moved **down by one row** before it is added: the pixel (i, j) gets what the scan from the right
# knew at (i - 1, j), where all it had read is earlier. Row 0 gets nothing, and the last row of that map is dropped.
#
# **Exercise 7.** Join the two maps. `right` comes as the second scan made it, of the mirrored image: it has to be mirrored
# back.

# %%
def join_forward(left, right):
    """y = left + right, mirrored back and moved down by one row:   left, right (N, H, W, h)  ->  y (N, H, W, h)"""
    # <answer> exercise 7: mirror back, move down, add
    y = left.copy()
    y[:, 1:] += right[:, :-1, ::-1]
    # </answer>
    cache = None  # sums have nothing to remember
    return y, cache

# %% [markdown]
# **Exercise 8.** And its way back: where did each entry of `left` and of `right` go? Some went nowhere.

# %%
def join_backward(dy, cache):
    """The gradients of join_forward: dy (N, H, W, h)  ->  {"left": (N, H, W, h), "right": (N, H, W, h)}"""
    # <answer> exercise 8: up by one row, mirrored again
    dleft, dright = dy.copy(), np.zeros_like(dy)
    dright[:, :-1] = dy[:, 1:, ::-1]
    # </answer>
    return {"left": dleft, "right": dright}

# %%
print(gradcheck.check(join_forward, join_backward, {"left": rng.standard_normal((2, 3, 4, 5)),
                                                    "right": rng.standard_normal((2, 3, 4, 5))}))

# %% [markdown]
# All parts are there. A direction is a product with `K_is` for the whole map (the paper's 1x1 convolution), the skew,
# the scan, and the way out of the skew. A layer is two directions and the join. Its weights and the masks on them
# (`self.masked()`, chapter 1's mask B among the colours) are those of the library's layer; the arithmetic is yours.

# %%
def direction_forward(x, K_is, b, K_ss, h0, c0):
    a = np.moveaxis(x @ K_is + b, 3, 1)
    y, scan_cache = scan_forward(skew(a), K_ss, h0, c0, lstm)
    cache = x, K_is, scan_cache
    return np.moveaxis(unskew(y), 1, 3), cache


def direction_backward(dy, cache):
    x, K_is, scan_cache = cache
    grads = scan_backward(skew(np.moveaxis(dy, 3, 1)), scan_cache)
    da = np.moveaxis(unskew(grads.pop("a")), 1, 3)
    return {"x": da @ K_is.T, "K_is": np.einsum("nijc,nijf->cf", x, da), "b": da.sum(axis=(0, 1, 2)), **grads}


class Mine(DiagonalBiLSTM):
    """The library's layer with your functions inside."""

    join = staticmethod(join_forward)

    def forward(self, x):
        p, K_is = self.params, self.masked()[:, 0]
        left, cache_left = direction_forward(x, K_is[0], p["b"][0], p["K_ss"][0], p["h0"][0], p["c0"][0])
        right, cache_right = direction_forward(x[:, :, ::-1], K_is[1], p["b"][1], p["K_ss"][1], p["h0"][1], p["c0"][1])
        y, cache_join = self.join(left, right)
        return y, (cache_left, cache_right, cache_join)

    def backward(self, dy, cache):
        cache_left, cache_right, cache_join = cache
        joined = join_backward(dy, cache_join)
        left, right = direction_backward(joined["left"], cache_left), direction_backward(joined["right"], cache_right)
        grads = {name: np.stack([left[name], right[name]]) for name in ("K_ss", "b", "h0", "c0")}
        grads["K_is"] = np.stack([left["K_is"], right["K_is"]])[:, None] * self.M
        return left["x"] + right["x"][:, :, ::-1], {name: grads[name] for name in self.params}


layer = Mine(5, 2, 2, rng=rng, dtype="float64")  # 5 maps in, h = 2, two colours: there is a mask to obey
print(gradcheck.check_layer(layer, rng.standard_normal((2, 3, 4, 5))))

# %% [markdown]
# ## 6. The library's version, side by side
#
# The library does not skew. It sorts the pixels by their diagonal, packs those of one diagonal side by side, and walks
# over both directions at once: the zeros of the skewed map do not exist. The Row LSTM is the same code with another
# sorting. Read it: `minipixel/ops/scan.py`, a hundred lines.

# %%
def best_time(function, *arguments):
    def once():
        start = time.perf_counter()
        function(*arguments)
        return time.perf_counter() - start
    return min(once() for _ in range(3))


mine, theirs = (kind(32, 16, 1, rng=np.random.default_rng(1), dtype="float64") for kind in (Mine, DiagonalBiLSTM))
x = rng.standard_normal((4, 28, 28, 32))
(y, my_cache), (their_y, their_cache) = mine.forward(x), theirs.forward(x)
dy = rng.standard_normal(y.shape)
(dx, grads), (their_dx, their_grads) = mine.backward(dy, my_cache), theirs.backward(dy, their_cache)
print(f"y : largest difference {np.abs(y - their_y).max():.1e}")
print(f"dx: largest difference {np.abs(dx - their_dx).max():.1e}")
print(f"weights: largest difference {max(np.abs(grads[name] - their_grads[name]).max() for name in grads):.1e}")
with threadpool_limits(1):  # on one core each: these products are too small to be shared
    for name, one, own in (("yours", mine, my_cache), ("library", theirs, their_cache)):
        print(f"{name:8} forward {1e3 * best_time(one.forward, x):6.1f} ms   "
              f"backward {1e3 * best_time(one.backward, dy, own):6.1f} ms")

# %% [markdown]
# ## 7. Break the shift
#
# Is it causal? Not by looking at it: by asking. `course.put_into` builds the library's PixelRNN with your layer, as
# printed in the paper, and the auditor changes one pixel at a time. Blue is earlier and read, red would be a leak.

# %%
def network(layer, height, width, context="paper"):
    with course.put_into(pixelrnn, DiagonalBiLSTM=layer):
        return minipixel.build("diagonal-bilstm", height=height, width=width, levels=2, layers=1, h=8, out=16,
                               context=context, dtype="float64")


proof = audit.causality(network(Mine, 4, 6), shape=(4, 6, 1), levels=2)
print(proof)
course.show(plots.dependencies, proof, pixels=[(1, 3), (2, 1), (3, 4)])

# %% [markdown]
# Causal. Now take the shift out, and change nothing else:

# %%
class Unshifted(Mine):
    join = staticmethod(lambda left, right: (left + right[:, :, ::-1], None))


broken = audit.causality(network(Unshifted, 4, 6), shape=(4, 6, 1), levels=2)
print(broken)
course.show(plots.dependencies, broken, pixels=[(1, 3), (2, 1), (3, 4)])

# %% [markdown]
# Almost every pixel reads itself: the scan from the right comes to it over the pixels on its right, whose convolutions
# have read it. (Those of the last column are spared. Why?) A public implementation that many have copied makes two
# mistakes here: it sets the last row to zero and moves nothing, and its scan reads row i + 1 in place of row i - 1. It
# trains beautifully. Left to you: plant either in `Mine` and ask the auditor.
#
# ## 8. The pixel that the paper misses
#
# Look at the first of the two maps again, and at the last line of its report. No leak, but something is hatched: an
# earlier pixel that the prediction does not see. The paper says that this layer reaches the *entire* available context.
#
# It is always the same pixel that is missed. Which one, and by whom? Think of what the scan from the right has read
# when it comes to (i - 1, j), and remember that the layer below it, a convolution with mask A, has not read its own
# place. That convolution looks `reach` columns to each side (7x7: `reach` is 3), and its own reading helps some.
#
# **Exercise 9.** Say it as a function.

# %%
def missed(i, j, width, reach):
    """The earlier pixels that the prediction at (i, j) does not see, a list of (row, column); often []."""
    # Hint: change the shape in the audit below, and look for whom the pixel is hatched.
    # <answer> exercise 9: which pixel, and for which i and j
    last = width - 1
    return [(i - 1, last)] if i > 0 and j + reach < last else []
    # </answer>

# %%
found = {(unseen.source[:2], unseen.target[:2]) for unseen in proof.unseen}
named = {(pixel, (i, j)) for i in range(4) for j in range(6) for pixel in missed(i, j, 6, 3)}
print("the audit's and yours:", "the same" if found == named else f"differ in {sorted(found ^ named)}")

# %% [markdown]
# One pixel of 784 is no great loss, but "full context" is what the layer is for. It costs little to mend. At the last
# column there is nobody to the right who could have read the pixel (i - 1, W - 1). So put somebody there: one more
# column. Its pixels are zeros, which are known beforehand, and in the order they stand after (i, W - 1) and before
# (i + 1, 0). Nothing of them is predicted: after the network, the column goes away again.
#
# **Exercise 10.** Run a network with the column.

# %%
def full_context_forward(x, net):
    """What `net` says of x when it sees one more column:   x (N, H, W, C)  ->  y (N, H, W, F), cache

    net.forward(x) -> y, cache, for images of any size
    """
    # <answer> exercise 10: one column of zeros more, and away with it
    N, H, W, C = x.shape
    wide = np.concatenate([x, np.zeros((N, H, 1, C), x.dtype)], axis=2)
    y, cache = net.forward(wide)
    y = y[:, :, :W]
    # </answer>
    return y, cache

# %%
class Mended(FullContext):
    """The library's wrapper around a whole network, with your forward. (Going back, the two ends change places.)"""

    def forward(self, x):
        return full_context_forward(x, self.net)


with course.put_into(pixelrnn, FullContext=Mended):
    model = network(Mine, 4, 6, context="full")
    mended = audit.causality(model, shape=(4, 6, 1), levels=2)
print(mended)
course.show(plots.dependencies, mended, pixels=[(1, 3), (2, 1), (3, 4)])

# %% [markdown]
# Everything earlier is blue, and nothing else is. This is what the library builds when you ask for `diagonal-bilstm`;
# `context="paper"` gives you the paper's.
#
# ## 9. Put yours into the machine
#
# Your cell, scan, join and column, in a PixelRNN of one layer, on real digits (8x8, two levels).

# %%
digits = minipixel.data.load("digits", levels=2)


def train(model, steps, batch=16, rate=4e-3):
    """Adam on random batches. Prints the nats of the batches as it goes, and returns those of the validation images."""
    optimiser, seen, batches = Adam(model.params), [], np.random.default_rng(1)
    for step in range(1, steps + 1):
        chosen = batches.integers(len(digits.train), size=batch)
        loss, grads = model.loss_and_grads(digits.train[chosen])
        optimiser.update(model.params, grads, rate, step)
        seen.append(loss)
        if step % (steps // 4) == 0:
            print(f"  step {step:4}: {np.mean(seen[-50:]):6.2f} nats per image")
    return model.nll(digits.validation).mean()


with course.put_into(pixelrnn, FullContext=Mended):
    model = network(Mine, 8, 8, context="full")
nats = train(model, 240)
print(f"uniform              {64 * np.log(2):6.2f} nats per image")
print(f"independent pixels   {independent_nats(digits.train, digits.validation, 2).mean():6.2f}")
print(f"your Diagonal BiLSTM {nats:6.2f}")

# %% [markdown]
# And draw. Pixels are drawn one after the other, in the one order; the diagonals are only how the *states* of a known
# image are computed. The library keeps the states of one row for this, and takes your weights.

# %%
course.show(plots.samples_grid, minipixel.sample(model, n=36, rng=0), 2)

# %% [markdown]
# ## What to keep
#
# - A skew makes columns of diagonals; a column needs the column before, and so H + W - 1 steps do for H W pixels.
# - What is read by two is given back by two: at `h` from the right and from below, at `c` from the next memory and from
#   its own `h`. A gradient that forgets one of them still trains, a little worse. The check sees it, the loss does not.
# - The scan from the right is causal by its shift alone.
# - An audit has two sides: what a model may not see, and what it should.
#
# To think about: the paper's Row LSTM reads three states of the row above, and needs only H steps. What does it miss?
# (`minipixel.build("row-lstm", ...)`, and the auditor.) Why does the left scan need `h0` in *every* row, and what would
# be lost with zeros there? And why is the gate f given a bias of one at the start?
