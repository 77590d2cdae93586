# %% [markdown]
# # Masked convolution: one order, two masks
#
# **The question.** An image is a list of values, and its probability is a product:
#
# $$p(x) = \prod_i p(x_i \mid x_{<i})$$
#
# One network is to give all the factors at once: image in, a prediction at every pixel out. For that to be a
# probability, the prediction of a value may depend on earlier values only. So: *what may a pixel read, and how do we
# make sure?*
#
# It matters more than it looks. A network that can read the value that it predicts will copy it. Its loss falls to
# nothing, it looks like the best model ever trained, and it cannot draw a single image.
#
# You will write the rule, the convolution that obeys it, and its backward pass. Then you break the rule, watch an
# auditor catch you, and train the library's PixelCNN with your own functions inside.
#
# Needed: NumPy, the chain rule. Time: about two hours. From a terminal, `minipixel check` judges this file at any
# moment.
#
# Source: van den Oord, Kalchbrenner, Kavukcuoglu 2016, *Pixel Recurrent Neural Networks* ("the paper"), sections 2
# and 3.4.

# %%
# chapter: masked_convolution
# (This line tells `minipixel check` which chapter the file belongs to.)
import time

import numpy as np

import minipixel
from minipixel import audit, course, gradcheck, order, plots
from minipixel.layers import masked_conv
from minipixel.training.evaluation import independent_nats
from minipixel.training.optimisers import Adam

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. One order
#
# "Earlier" needs an order. The paper goes row by row, from left to right, and within a pixel R, then G, then B. Write
# the place of a value as a key, (row, column, colour): the earlier value is the one with the smaller key, compared as
# a dictionary compares words. Python compares tuples in this way already.
#
# A connection goes from a value at the offset (di, dj) and colour `colour_in` to the place (0, 0) and colour
# `colour_out`. Two rules, two **masks**:
#
# - **mask A** allows it if the key it reads is *smaller*. It is for the first layer, which reads the image itself.
# - **mask B** allows it if the key is *smaller or equal*. It is for all later layers. What they read at their own
#   place is no pixel value any more, but a unit of the layer below, which knows of earlier values only.
#
# **Exercise 1.** Write the rule.

# %%
def may_read(offset, colour_in, colour_out, mask):
    """May a unit of `colour_out` at (0, 0) read a unit of `colour_in` at `offset` = (di, dj)? mask: "A" or "B"."""
    # Hint: make both keys, (row, column, colour), and compare them.
    # <answer> exercise 1: compare the two keys
    di, dj = offset
    source, target = (di, dj, colour_in), (0, 0, colour_out)
    return source < target if mask == "A" else source <= target
    # </answer>

# %% [markdown]
# Here is your rule as a picture. Left: what one colour of the centre pixel may read of the *same* colour around it.
# Right: what it may read within its own pixel, a row for each reader. In mask A the centre is empty, and still G sees
# R. In mask B each also sees its own place.

# %%
def picture(mask, k=5):
    around = range(-(k // 2), k // 2 + 1)
    kernel = [" ".join("■" if may_read((di, dj), 0, 0, mask) else "·" for dj in around) for di in around]
    colours = [f"{'RGB'[c_out]} reads " + " ".join("RGB"[c_in] if may_read((0, 0), c_in, c_out, mask) else "·"
                                                   for c_in in range(3)) for c_out in range(3)]
    return "\n".join([f"mask {mask}", *(f"  {left}     {right}" for left, right in zip(kernel, ["", *colours, ""]))])


print(picture("A"), picture("B"), sep="\n\n")

# %% [markdown]
# ## 2. The slow version
#
# A masked convolution multiplies the kernel by zero wherever the rule says no, and half of a kernel is then zeros. We
# do not even store them. The offsets that are left are the **live taps**; the kernel is `K` of shape (T, C, F), one
# matrix for each tap:
#
# $$y_{ij} = b + \sum_{t=1}^{T} x_{ij + \mathrm{tap}_t} \, K_t$$
#
# with zeros outside the image. Images are `(N, H, W, C)`, always: `N` images, `H` rows, `W` columns, `C` channels in;
# `F` units out. The equation as nested loops, which nobody can misread:

# %%
def conv_loops(x, K, b, taps):
    N, H, W, C = x.shape
    T, _, F = K.shape
    y = np.zeros((N, H, W, F))
    for n in range(N):
        for i in range(H):
            for j in range(W):
                y[n, i, j] = b
                for t, (di, dj) in enumerate(taps):
                    if 0 <= i + di < H and 0 <= j + dj < W:
                        y[n, i, j] += x[n, i + di, j + dj] @ K[t]
    return y


taps = order.live_taps(3, 3, "B", 1)
print("live taps of a 3x3 kernel, mask B:", taps)

# All sizes are different: where two are equal, an exchange of them goes unseen.
small = {"x": rng.standard_normal((2, 3, 4, 6)), "K": rng.standard_normal((len(taps), 6, 7)),
         "b": rng.standard_normal(7), "taps": taps}

# %% [markdown]
# ## 3. Forward
#
# **Exercise 2.** The same numbers without loops over images and pixels: one loop over the taps is left, and each tap
# is one matrix product for all pixels at once.

# %%
def conv_forward(x, K, b, taps):
    """y_ij = b + sum_t x_(ij + tap t) K_t, with zeros outside the image

    x (N, H, W, C), K (T, C, F), b (F,), taps: T offsets (di, dj)  ->  y (N, H, W, F), cache
    """
    # Hint: put r rows and columns of zeros around x, r being the farthest that a tap reaches. What tap (di, dj) reads, for all
    # pixels, is then a window of H x W in it, which begins at row r + di and column r + dj.
    # <answer> exercise 2: pad x with zeros, then add up one product for each tap
    N, H, W, C = x.shape
    r = max(max(abs(di), abs(dj)) for di, dj in taps)
    padded = np.pad(x, ((0, 0), (r, r), (r, r), (0, 0)))
    y = np.zeros((N, H, W, K.shape[2]), x.dtype) + b
    for t, (di, dj) in enumerate(taps):
        y += padded[:, r + di:r + di + H, r + dj:r + dj + W] @ K[t]
    # </answer>
    cache = x, K, taps  # what the backward pass will need
    return y, cache

# %%
y, cache = conv_forward(**small)
difference = np.abs(y - conv_loops(**small)).max()
print(f"largest difference from the loops: {difference:.1e}", "(right)" if difference < 1e-12 else "(WRONG)")

# %% [markdown]
# ## 4. Backward
#
# The loss is a number L, far above this layer. Training needs its derivatives by `K` and `b`; the layer below needs
# the one by `x`. What comes down from above is `dy`, the derivative of L by every entry of `y` (the gradient of `v`
# is called `dv`, always).
#
# Find the three sums on paper first. Ask of each entry: *which outputs did it touch, and with what factor?*
#
# - `b` was added to every pixel of every image.
# - `K_t` met `x_(ij + tap t)` at every pixel ij, and that product went to `y_ij`.
# - `x_ij` was read through tap t by the pixel that sees it *there*: by `ij - tap t`. Going back, the taps are
#   mirrored.
#
# **Exercise 3.** Write the backward pass. It returns a dict, named like the arguments of the forward pass.

# %%
def conv_backward(dy, cache):
    """The gradients of conv_forward: dy (N, H, W, F)  ->  {"x": (N, H, W, C), "K": (T, C, F), "b": (F,)}"""
    x, K, taps = cache
    # Hint: in the padded picture, the window that tap t read is the window that gets dy_ij K_t^T back. Windows overlap: add.
    # <answer> exercise 3: three sums, for b, K and x
    N, H, W, C = x.shape
    F = K.shape[2]
    r = max(max(abs(di), abs(dj)) for di, dj in taps)
    padded = np.pad(x, ((0, 0), (r, r), (r, r), (0, 0)))
    dx_padded, dK = np.zeros_like(padded), np.zeros_like(K)
    for t, (di, dj) in enumerate(taps):
        window = slice(None), slice(r + di, r + di + H), slice(r + dj, r + dj + W)
        dK[t] = padded[window].reshape(-1, C).T @ dy.reshape(-1, F)
        dx_padded[window] += dy @ K[t].T
    dx = dx_padded[:, r:r + H, r:r + W]
    db = dy.sum(axis=(0, 1, 2))
    # </answer>
    return {"x": dx, "K": dK, "b": db}

# %% [markdown]
# Is it right? The gradient check moves every entry of `x`, `K` and `b` a little in both directions, looks how far the
# outputs move, and compares. It says where a gradient is wrong and, when it recognises the mistake, which one it is.
# (`conv_forward` has to be right first: its slopes are taken as the truth.)

# %%
print(gradcheck.check(conv_forward, conv_backward, small))

# %% [markdown]
# ## 5. The library's version, side by side
#
# The library gathers all taps of a pixel into one long row and does a single large product, for a strip of rows that
# fits into the cache of a core. It is the same sum in another order, so the numbers agree to rounding. Read it:
# `minipixel/ops/conv.py`, a hundred lines.

# %%
def best_time(function, *arguments):
    def once():
        start = time.perf_counter()
        function(*arguments)
        return time.perf_counter() - start
    return min(once() for _ in range(5))


x = rng.standard_normal((16, 28, 28, 32))
K, b = rng.standard_normal((len(taps), 32, 32)), rng.standard_normal(32)
(mine, my_cache), (theirs, their_cache) = conv_forward(x, K, b, taps), masked_conv.conv_forward(x, K, b, taps)
dy = rng.standard_normal(mine.shape)
my_grads, their_grads = conv_backward(dy, my_cache), masked_conv.conv_backward(dy, their_cache)
print(f"y : largest difference {np.abs(mine - theirs).max():.1e}")
for name in my_grads:
    print(f"d{name}: largest difference {np.abs(my_grads[name] - their_grads[name]).max():.1e}")
for name, forward, backward, own in (("yours", conv_forward, conv_backward, my_cache),
                                     ("library", masked_conv.conv_forward, masked_conv.conv_backward, their_cache)):
    print(f"{name:8} forward {1e3 * best_time(forward, x, K, b, taps):6.1f} ms   "
          f"backward {1e3 * best_time(backward, dy, own):6.1f} ms")

# %% [markdown]
# ## 6. Break the mask
#
# Your rule is one line. How would you notice if it were wrong? Not by the loss: that gets *better*.
#
# The auditor trusts nobody's masks. It changes every value of an image, one at a time, and looks which predictions
# move. A prediction that moves with its own value, or with a later one, is a **leak**.
#
# **Exercise 4.** Write a rule with one mistake, so that every value, in each of the three colours, can read *exactly
# its own value* and still nothing later.

# %%
def leaky_may_read(offset, colour_in, colour_out, mask):
    """A rule that lets R read R, G read G and B read B of the pixel they predict, and nothing later."""
    # Hint: which of the two masks stands between the network and the image?
    # <answer> exercise 4: one mistake, through which own values are read
    return (*offset, colour_in) <= (0, 0, colour_out)
    # </answer>

# %% [markdown]
# `course.put_into` puts a function of yours in the place of the library's function of the same name, inside the
# block. The model below is the library's PixelCNN, built with your broken rule.

# %%
with course.put_into(order, may_read=leaky_may_read):
    leaky = minipixel.build("pixelcnn", height=3, width=3, colours=3, levels=2, layers=1, h=12, out=12, dtype="float64")
print(audit.causality(leaky, shape=(3, 3, 3), levels=2))

# %% [markdown]
# And how good does a leaky model look? The same network with one colour, trained on real digits (8x8, two levels) for
# a few seconds, once with each rule. Nats per image: the lower, the better it *claims* to be.

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
            print(f"  step {step:4}: {np.mean(seen[-100:]):6.2f} nats per image")
    return model.nll(digits.validation).mean()


def network():
    return minipixel.build("pixelcnn", height=8, width=8, levels=2, layers=2, h=12, out=16)


print("with your leaky rule:")
with course.put_into(order, may_read=leaky_may_read):
    cheat = network()
print(f"  validation: {train(cheat, 200):.2f} nats. Too good to be true.")

# %% [markdown]
# ## 7. Put yours into the machine
#
# Now the honest one: your rule, your forward and your backward in every layer of the library's PixelCNN. First the
# proof, as a picture: what moves the prediction at three pixels. Blue is earlier and read; hatched is earlier and not
# seen, for three small kernels reach only so far (no leak, but a loss); red would be a leak.

# %%
mine = {"conv_forward": conv_forward, "conv_backward": conv_backward}
with course.put_into(order, may_read=may_read), course.put_into(masked_conv, **mine):
    model = network()
    proof = audit.causality(model, shape=(8, 8, 1), levels=2)
print(proof)
course.show(plots.dependencies, proof)

# %% [markdown]
# Then the training, and what to compare it with: the uniform model, for which every image costs 64 ln 2 nats, and
# independent pixels, where each pixel has its own probability of ink.

# %%
print("with your functions:")
with course.put_into(masked_conv, **mine):
    nats = train(model, 800)
print(f"uniform            {64 * np.log(2):6.2f} nats per image")
print(f"independent pixels {independent_nats(digits.train, digits.validation, 2).mean():6.2f}")
print(f"your PixelCNN      {nats:6.2f}")

# %% [markdown]
# Last, draw: each pixel from the prediction given the pixels before it. The audit said that the model may do this; a
# cheat cannot (it predicts a pixel by reading it, and there is nothing there yet). Left to you: draw from `cheat` as
# well.

# %%
course.show(plots.samples_grid, minipixel.sample(model, n=36, rng=0), 2)

# %% [markdown]
# ## What to keep
#
# - There is one order, (row, column, colour), and two comparisons of it: `<` where a layer reads the image, `<=`
#   above.
# - A convolution is a sum over taps; its backward is the same sum with the taps mirrored and every matrix transposed.
# - A likelihood counts after the model has been shown to be causal, not before.
#
# To think about: why would mask A in *every* layer still give a causal model, and what would it not see? Of the pixels
# that no prediction sees ("from no place" in the report), which would more layers reach, and which are out of reach for
# any number of layers? (The auditor will tell you.)
