# %% [markdown]
# # MCGSM: the causal neighbourhood and a density for the next pixel
#
# **The question.** The networks of chapters 1 and 2 give a probability to each of `K` levels, as if grey 127 had
# nothing to do with grey 128. But greys are numbers on a scale. Can we write down a *density* for the next pixel,
# given the pixels around it that came before? A formula, with parameters to fit, and no network at all?
#
# The simplest one is a Gaussian around a linear prediction. It is bad, and you will see why. The paper's answer is
# many Gaussians and a switch, the mixture of conditional Gaussian scale mixtures (MCGSM). On the authors' photographs
# it reaches 3.40 bits a pixel (more is better), where one Gaussian has 2.70. Three years later it became the last
# layer of the Spatial LSTM, whose question you will meet at the end.
#
# You will write its log-density, so that nothing overflows, and the gradient by every parameter and by both inputs.
# Then your functions are fitted to images, and draw some.
#
# Needed: chapter 1, what a Gaussian is. Time: an evening. `minipixel check` judges this file at any moment.
#
# Source: Theis, Hosseini, Bethge 2012, *Mixtures of conditional Gaussian scale mixtures applied to multiscale image
# representations* ("the paper").

# %%
# chapter: mcgsm
import time
from math import log, pi

import numpy as np
from matplotlib.cbook import get_sample_data
from PIL import Image
from threadpoolctl import threadpool_limits

import minipixel
from minipixel import course, densities, gradcheck, plots
from minipixel.densities.neighbourhood import gather
from minipixel.ops import mcgsm as library

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. Images are not Gaussian
#
# Two kinds of images: a photograph (one that comes with matplotlib), and **dead leaves**, images that a program
# draws: discs of random size, place and grey, each on top of those that fell before. Dead leaves have no texture and
# no shading, nothing but objects that hide each other. It is surprising how much of a photograph's statistics is
# already there.
#
# A grey is an integer, 0..63 for these leaves. A density wants real numbers, so uniform noise in [0, 1) is added to
# every level: then the density of the sum says something about the levels, and cannot be made infinite by a peak on
# each integer.

# %%
LEVELS = 64
leaves = minipixel.data.load("dead-leaves", levels=LEVELS, size=32)
photograph = np.array(Image.open(get_sample_data("grace_hopper.jpg")).convert("L"))[None, :, :, None]


def values(images, levels=LEVELS):
    """Levels as real numbers between -0.5 and 0.5, with noise that hides the steps between them."""
    return (images + rng.random(images.shape)) / levels - 0.5


train, validation, test = map(values, (leaves.train, leaves.validation, leaves.test))
course.show(plots.samples_grid, leaves.test[:16], LEVELS)

# %% [markdown]
# How different are two pixels side by side? If images were Gaussian, so were their differences. Here are the
# histograms, each divided by its standard deviation. The vertical axis is logarithmic: a Gaussian is a parabola.

# %%
def histogram(v):
    """Middles of the bins, and the density of the differences between a pixel and its left neighbour."""
    edges = np.linspace(-8, 8, 81)
    difference = (v[:, :, 1:] - v[:, :, :-1]).ravel()
    return (edges[1:] + edges[:-1]) / 2, np.histogram(difference / difference.std(), edges, density=True)[0]


u = np.linspace(-4.5, 4.5, 91)
course.show(plots.curves, {"photograph": histogram(values(photograph, 256)), "dead leaves": histogram(train),
                           "Gaussian": (u, np.exp(-u**2 / 2) / np.sqrt(2 * pi))},
            across="difference of two neighbours / its standard deviation", up="density", log=True)

# %% [markdown]
# Mostly nothing happens (the peak: both pixels lie on one leaf), and then much (the tails: there is an edge). No
# single Gaussian does both. But *two* do: a narrow one for "on a leaf", and a wide one for "across an edge". And
# which of the two it will be, the pixels around may tell. That is the whole idea.
#
# ## 2. The causal neighbourhood
#
# The order is chapter 1's: row by row, from left to right. Of the pixels before, we read those in a small window around
# the place of the next one. They are its **causal neighbourhood**.
#
# **Exercise 1.** Write it.

# %%
def causal(size):
    """The offsets (di, dj) in a size x size window (odd) around (0, 0) that come before it: a list, row by row"""
    # Hint: Python compares tuples in the one order. What is smaller than (0, 0)?
    # <answer> exercise 1: which offsets of the window are earlier?
    reach = range(-(size // 2), size // 2 + 1)
    return [(di, dj) for di in reach for dj in reach if (di, dj) < (0, 0)]
    # </answer>

# %%
for di in range(-2, 3):
    print(" ".join("■" if (di, dj) in causal(5) else "?" if (di, dj) == (0, 0) else "·" for dj in range(-2, 3)))
print("inputs of size 3, 5, 7:", *(len(causal(size)) for size in (3, 5, 7)))

# %% [markdown]
# So an image gives many samples: `x`, the 12 neighbours, and `y`, the pixel. `gather` cuts them out. To compare windows
# of different sizes, we take the same pixels for all: those whose 7x7 neighbourhood lies in the image.

# %%
def samples(v, size):
    """x (n, D): the D neighbours, y (n, 1): the pixel, for all pixels of v (N, H, W, 1) that are not near the border."""
    _, H, W, _ = v.shape
    rows, columns = slice(3, H), slice(3, W - 3)
    taps = causal(size)
    return gather(v, taps, rows, columns).reshape(-1, len(taps)), v[:, rows, columns].reshape(-1, 1)


print("x", *samples(train, 5)[0].shape, "  y", *samples(train, 5)[1].shape)

# %% [markdown]
# ## 3. The density
#
# There are `J` **components**: each has a linear prediction of its own, `A_c x`. A component has `S` **scales**:
# Gaussians around the same prediction, some narrow, some wide. So there are J S Gaussians, the **experts**. A
# **gate** looks at the neighbours and gives each expert a probability. The paper's equations:
#
# $$p(y \mid x) = \sum_{cs} p(c, s \mid x) \; p(y \mid c, s, x)$$
#
# $$\text{gate:} \quad p(c, s \mid x) \propto \exp\left(\eta_{cs} - \tfrac12 e^{\alpha_{cs}} q_c\right) \qquad
# q_c = \sum_i \beta_{ci}^2 (b_i^T x)^2$$
#
# $$\text{experts:} \quad p(y \mid c, s, x) = \left(\frac{e^{\alpha_{cs}}}{2\pi}\right)^{M/2}
# \exp\left(-\tfrac12 e^{\alpha_{cs}} |y - A_c x|^2\right)$$
#
# - `eta` (J, S): how likely is an expert before anything is known.
# - `alpha` (J, S): the logarithm of its precision, 1 / variance. Narrow: a large `alpha`.
# - `b` (F, D): `F` **features**, patterns that the gate looks for in the neighbourhood, say an edge. `beta` (J, F):
#   how much each component minds.
# - `q_c` is an **energy**, never negative. A neighbourhood full of what component c minds makes c unlikely, and its
#   narrow scales more so than its wide ones: the same `e^alpha` stands in the gate and in the Gaussian. Where the
#   neighbours are uneasy, the next pixel is uncertain.
# - `A` (J, M, D), in code `a`: the predictions. `M` is 1 for a grey pixel, 3 for a colour.
#
# The paper leaves the size of the outputs open, and for M > 1 gives each Gaussian a shape. The authors' later code has
# means, too, and linear terms in the gate, which whitened data do not need. Without these three, as nested loops:

# %%
def log_p_loops(x, y, eta, alpha, beta, b, a):
    log_p = np.zeros(len(x))
    for n in range(len(x)):
        above, below = 0, 0
        for c in range(eta.shape[0]):
            q = sum(beta[c, i] ** 2 * (b[i] @ x[n]) ** 2 for i in range(len(b)))
            r = y[n] - a[c] @ x[n]
            for s in range(eta.shape[1]):
                e = np.exp(alpha[c, s])
                weight = np.exp(eta[c, s] - e * q / 2)
                above += weight * (e / (2 * pi)) ** (len(r) / 2) * np.exp(-e * (r @ r) / 2)
                below += weight
        log_p[n] = np.log(above / below)
    return log_p


# All sizes are different: where two are equal, an exchange of them goes unseen.
n, D, M, J, S, F = 7, 5, 3, 2, 4, 6
small = {"x": (n, D), "y": (n, M), "eta": (J, S), "alpha": (J, S), "beta": (J, F), "b": (F, D), "a": (J, M, D)}
small = {name: rng.standard_normal(shape) for name, shape in small.items()}
print(log_p_loops(**small).round(2))


def of_small(*names):
    return {name: small[name] for name in names}

# %% [markdown]
# We take it apart into three functions, each with its way back: the gate and the experts, which give *logarithms*, and
# the mixture, which adds up. Samples come first, then components, then scales: most arrays are (n, J, S).
#
# ## 4. The gate
#
# **Exercise 2.** Write the exponents of the gate, `g`. Nothing is normalised yet.

# %%
def gate_forward(x, eta, alpha, beta, b):
    """g_cs = eta_cs - e^alpha_cs q_c / 2,   q_c = sum_i beta_ci^2 (b_i^T x)^2

    x (n, D), eta and alpha (J, S), beta (J, F), b (F, D)  ->  g (n, J, S), cache
    """
    # Hint: first bx (n, F), all features of all samples in one product; then q (n, J), again one product.
    # <answer> exercise 2: features, energies, exponents
    bx = x @ b.T
    q = bx**2 @ (beta**2).T
    g = eta - 0.5 * np.exp(alpha) * q[:, :, None]
    # </answer>
    cache = x, bx, q, alpha, beta, b
    return g, cache

# %%
one = {"x": np.array([[1.0, 2.0]]), "alpha": np.log([[1.0, 2.0]])}  # one sample, one component of two scales
print(gate_forward(**one, eta=np.array([[1.0, 0.0]]), beta=np.array([[2.0]]), b=np.array([[1.0, 1.0]]))[0],
      "expected: -17 -36")

# %% [markdown]
# Going back, `dg` comes down. Ask of each array, *what did it touch?*
#
# - `eta` was added to `g`, for every sample.
# - `alpha` came in as `e^alpha`, which is its own derivative.
# - `q_c` touched all scales of component c: $dq_c = -\tfrac12 \sum_s e^{\alpha_{cs}} \, dg_{cs}$
# - From there on both are squares, of `beta` and of `b_i^T x`. The latter is shared by all components.
#
# **Exercise 3.** Write the way back, five gradients.

# %%
def gate_backward(dg, cache):
    """The gradients of gate_forward: dg (n, J, S)  ->  {"x", "eta", "alpha", "beta", "b"}, each of the shape of its argument"""
    x, bx, q, alpha, beta, b = cache
    # Hint: deta and dalpha first, then dq (n, J), then dbx (n, F). From dbx to dx and db it is a linear layer.
    # <answer> exercise 3: from g to q, to b_i^T x, to x
    e = np.exp(alpha)
    deta = dg.sum(axis=0)
    dalpha = -0.5 * e * (dg * q[:, :, None]).sum(axis=0)
    dq = -0.5 * (dg * e).sum(axis=2)
    dbeta = 2 * beta * (dq.T @ bx**2)
    dbx = 2 * bx * (dq @ beta**2)
    db = dbx.T @ x
    dx = dbx @ b
    # </answer>
    return {"x": dx, "eta": deta, "alpha": dalpha, "beta": dbeta, "b": db}

# %%
print(gradcheck.check(gate_forward, gate_backward, of_small("x", "eta", "alpha", "beta", "b")))

# %% [markdown]
# ## 5. The experts
#
# The logarithm of a Gaussian is a parabola and a constant. The constant is the one that people forget, and it is not
# constant here: it depends on `alpha`, and without it every scale would love to be the widest.
#
# $$\log N_{cs} = \tfrac{M}{2} (\alpha_{cs} - \log 2\pi) - \tfrac12 e^{\alpha_{cs}} |r_c|^2 \qquad r_c = y - A_c x$$
#
# **Exercise 4.** Write it.

# %%
def expert_forward(x, y, alpha, a):
    """log N_cs = M/2 (alpha_cs - log 2 pi) - e^alpha_cs |r_c|^2 / 2,   r_c = y - A_c x

    x (n, D), y (n, M), alpha (J, S), a (J, M, D)  ->  log_n (n, J, S), cache
    """
    # Hint: np.einsum("nd,jmd->njm", x, a) is A_c x for all samples and components, (n, J, M).
    # <answer> exercise 4: residuals, their squares, the logarithm of the Gaussian
    M = y.shape[1]
    r = y[:, None] - np.einsum("nd,jmd->njm", x, a)
    square = (r**2).sum(axis=2)
    log_n = 0.5 * M * (alpha - log(2 * pi)) - 0.5 * np.exp(alpha) * square[:, :, None]
    # </answer>
    cache = x, r, square, alpha, a  # square (n, J): |r_c|^2
    return log_n, cache

# %%
print(expert_forward(**one, y=np.array([[3.0, 1.0]]), a=np.eye(2)[None])[0].round(2), "expected: -4.34 -6.14")

# %% [markdown]
# Back: `alpha` stands in two places. `r_c` touched all scales of its component; `y` touched all `r_c`, and so did
# `x`, through the predictions.
#
# **Exercise 5.** Write the way back, four gradients.

# %%
def expert_backward(dlog_n, cache):
    """The gradients of expert_forward: dlog_n (n, J, S)  ->  {"x", "y", "alpha", "a"}, each of the shape of its argument"""
    x, r, square, alpha, a = cache
    # Hint: dr (n, J, M) first: minus the sum over s of e^alpha dlog_n, times r. Then np.einsum for da and dx.
    # <answer> exercise 5: from log N to r, to y, a and x
    e = np.exp(alpha)
    dalpha = 0.5 * (r.shape[2] * dlog_n.sum(axis=0) - e * (dlog_n * square[:, :, None]).sum(axis=0))
    dr = -(dlog_n * e).sum(axis=2)[:, :, None] * r
    dy = dr.sum(axis=1)
    da = -np.einsum("njm,nd->jmd", dr, x)
    dx = -np.einsum("njm,jmd->nd", dr, a)
    # </answer>
    return {"x": dx, "y": dy, "alpha": dalpha, "a": da}

# %%
print(gradcheck.check(expert_forward, expert_backward, of_small("x", "y", "alpha", "a")))

# %% [markdown]
# ## 6. The log of a sum of exponentials
#
# Both exponents are there, and
#
# $$\log p(y \mid x) = \log \sum_{cs} e^{g_{cs} + \log N_{cs}} - \log \sum_{cs} e^{g_{cs}}$$
#
# The first sum is over gate times expert; the second is what the gate has to be divided by. Simple, and it will not
# work:

# %%
with np.errstate(divide="ignore"):
    far = dict(small, y=small["y"] + 100)  # a few pixels that no expert expected
    print(log_p_loops(**far))

# %% [markdown]
# `exp(-2000)` is zero for a computer, and so is the sum, and its logarithm is minus infinity: one surprising pixel
# and the fit is over. On the other side, `exp(1000)` is infinite. The way out is to pull the largest exponent of each
# sample, `top`, out of the sum:
#
# $$\log \sum e^{t} = top + \log \sum e^{t - top}$$
#
# Nothing on the right overflows, for no exponent is above zero; nor is the sum ever zero, for one of them *is* zero.
#
# **Exercise 6.** Write it. Each sample has its own `top`.

# %%
def log_sum_exp(t):
    """log sum_cs exp(t_cs) for each sample, of exponents as large and as small as they come:   t (n, J, S)  ->  (n,)"""
    # <answer> exercise 6: take the largest exponent of each sample out of the sum
    top = t.max(axis=(1, 2))
    return top + np.log(np.exp(t - top[:, None, None]).sum(axis=(1, 2)))
    # </answer>

# %%
print(log_sum_exp(np.array([[[0.0, 0.0]], [[1000.0, 1000.0]], [[-1000.0, -1000.0]]])), "expected: 0.69 1000.69 -999.31")

# %% [markdown]
# **Exercise 7.** And the mixture. Do not forget what the gate is divided by.

# %%
def mixture_forward(g, log_n):
    """log p = log sum_cs exp(g_cs + log_n_cs) - log sum_cs exp(g_cs):   g, log_n (n, J, S)  ->  log_p (n,), cache"""
    # <answer> exercise 7: two logarithms of sums
    t = g + log_n
    log_in, log_out = log_sum_exp(g), log_sum_exp(t)
    log_p = log_out - log_in
    # </answer>
    cache = g, t, log_in, log_out  # t = g + log_n, and the two logarithms
    return log_p, cache

# %%
print(np.exp(mixture_forward(np.log([[[1.0, 3.0]]]), np.log([[[0.4, 0.8]]]))[0]), "expected: 0.7")

# %% [markdown]
# Its way back is the most beautiful line of this chapter. The derivative of a log-sum-exp by one of its exponents is
# that term's share of the sum, a probability:
#
# - $p_{in} = p(c, s \mid x)$, the **prior**: the gate's guess which expert it will be, before `y` is known. It is
#   $e^{g_{cs}}$'s share of the second sum.
# - $p_{out} = p(c, s \mid x, y)$, the **posterior**: which one it was, now that `y` is known. It is
#   $e^{g_{cs} + \log N_{cs}}$'s share of the first sum.
#
# `log_n` stands in the first sum, `g` in both. So the expert learns by its posterior, and the gate by *posterior
# minus prior*: by how far it had guessed wrong.
#
# **Exercise 8.** Write it.

# %%
def mixture_backward(dlog_p, cache):
    """The gradients of mixture_forward: dlog_p (n,)  ->  {"g": (n, J, S), "log_n": (n, J, S)}"""
    g, t, log_in, log_out = cache
    # Hint: the share of an exponent in its sum is exp(exponent - log_sum_exp), which cannot overflow.
    # <answer> exercise 8: posterior minus prior, and the posterior
    scale = dlog_p[:, None, None]
    po, pin = np.exp(t - log_out[:, None, None]), np.exp(g - log_in[:, None, None])
    dg = scale * (po - pin)
    dlog_n = scale * po
    # </answer>
    return {"g": dg, "log_n": dlog_n}

# %%
print(gradcheck.check(mixture_forward, mixture_backward, {"g": rng.standard_normal((n, J, S)),
                                                          "log_n": rng.standard_normal((n, J, S))}))

# %% [markdown]
# ## 7. Together
#
# Forward, gate and experts go to the mixture. On the way back the mixture's gradients go to both, and two of the
# arguments were read twice.
#
# **Exercise 9.** Write the way back of the whole.

# %%
def mcgsm_forward(x, y, eta, alpha, beta, b, a):
    """log p(y | x):   x (n, D), y (n, M), eta and alpha (J, S), beta (J, F), b (F, D), a (J, M, D)  ->  log_p (n,), cache"""
    g, gate_cache = gate_forward(x, eta, alpha, beta, b)
    log_n, expert_cache = expert_forward(x, y, alpha, a)
    log_p, mixture_cache = mixture_forward(g, log_n)
    cache = gate_cache, expert_cache, mixture_cache
    return log_p, cache


def mcgsm_backward(dlog_p, cache):
    """The gradients of mcgsm_forward: dlog_p (n,)  ->  {"x", "y", "eta", "alpha", "beta", "b", "a"}"""
    gate_cache, expert_cache, mixture_cache = cache
    # Hint: which two arguments do gate_forward and expert_forward share?
    # <answer> exercise 9: back through the mixture, then through gate and experts
    down = mixture_backward(dlog_p, mixture_cache)
    of_gate = gate_backward(down["g"], gate_cache)
    of_experts = expert_backward(down["log_n"], expert_cache)
    both = {name: of_gate[name] + of_experts[name] for name in ("x", "alpha")}
    grads = {**of_gate, **of_experts, **both}
    # </answer>
    return grads

# %%
print(gradcheck.check(mcgsm_forward, mcgsm_backward, small))
difference = np.abs(mcgsm_forward(**small)[0] - log_p_loops(**small)).max()
print(f"largest difference from the loops: {difference:.1e}", "(right)" if difference < 1e-12 else "(WRONG)")
print("and far away:", mcgsm_forward(**far)[0].round(1))

# %% [markdown]
# ## 8. The library's version, side by side
#
# The library has the same equations with samples on the *last* axis, where a computer adds fastest; it takes each
# exponential once, for both ways; and its sums over samples, scales or inputs are matrix products. Read it:
# `minipixel/ops/mcgsm.py`.

# %%
def best_time(function, *arguments):
    def once():
        start = time.perf_counter()
        function(*arguments)
        return time.perf_counter() - start
    return min(once() for _ in range(3))


x, y = (v[:5000] for v in samples(train, 5))
shapes = {"eta": (8, 6), "alpha": (8, 6), "beta": (8, 32), "b": (32, 12), "a": (8, 1, 12)}
large = {"x": x, "y": y} | {name: rng.standard_normal(shape) for name, shape in shapes.items()}
(mine, my_cache), (theirs, their_cache) = mcgsm_forward(**large), library.mcgsm_forward(**large)
dlog_p = rng.standard_normal(len(x))
my_grads, their_grads = mcgsm_backward(dlog_p, my_cache), library.mcgsm_backward(dlog_p, their_cache)
print(f"log p    : largest difference {np.abs(mine - theirs).max():.1e}")
print(f"gradients: largest difference {max(np.abs(my_grads[name] - their_grads[name]).max() for name in large):.1e}")
with threadpool_limits(1):  # on one core each
    for name, forward, backward, own in (("yours", mcgsm_forward, mcgsm_backward, my_cache),
                                         ("library", library.mcgsm_forward, library.mcgsm_backward, their_cache)):
        print(f"{name:8} forward {1e3 * best_time(forward, *large.values()):6.1f} ms   "
              f"backward {1e3 * best_time(backward, dlog_p, own):6.1f} ms")

# %% [markdown]
# ## 9. Put yours into the machine
#
# `densities.MCGSM` holds the parameters, starts them from the data (`densities/experts.py`), and gives loss and gradient
# to L-BFGS (of SciPy). Around it, `densities.Whitened` makes the inputs uncorrelated and takes the linear prediction off
# the output. This is a linear map, whose determinant is accounted for, and the fit is much easier behind it. The pair
# inside is yours.
#
# What comes out is a **rate**: log2 of the density, a pixel, on the scale where a grey lies between 0 and 1. Larger
# is better. A uniform density has 0, and 64 levels that are known exactly have 6. We fit three densities: one
# Gaussian, a Gaussian scale mixture (GSM: one prediction, several scales, of which the gate chooses), and the MCGSM.
# The last has local optima, so it gets two starts, and validation images tell which was better.

# %%
def some(v, size, n):
    """n of the samples, drawn at random."""
    x, y = samples(v, size)
    chosen = np.random.default_rng(0).permutation(len(x))[:n]
    return x[chosen], y[chosen]


def fit(size, kind, starts=1):
    """A density of a pixel given its `size` x `size` neighbourhood, fitted with your functions: the best of some starts."""
    mine = {"mcgsm_forward": mcgsm_forward, "mcgsm_backward": mcgsm_backward}
    found = []
    for start in range(starts):
        density = densities.Whitened(densities.MCGSM(len(causal(size)), 1, **kind))
        with course.put_into(densities.mcgsm, **mine), threadpool_limits(1):  # products too small to be shared by cores
            history = density.fit(*some(train, size, 6_000), some(validation, size, 2_000), rng=start, iterations=100)
        found.append((min(look["validation"] for look in history), start, density))
    return min(found)[2]


def rates(density, size):
    """The rate of each test image: bits a pixel"""
    return density.log_p(*samples(test, size)).reshape(len(test), -1).mean(axis=1) / log(2)


kinds = {"Gaussian": {"components": 1, "scales": 1, "features": 0},
         "GSM": {"components": 1, "scales": 4, "features": 12},
         "MCGSM": {"components": 4, "scales": 4, "features": 12}}
fitted = {name: fit(5, kind, starts=1 + (name == "MCGSM")) for name, kind in kinds.items()}
for name, density in fitted.items():
    found = rates(density, 5)
    print(f"{name:8} {found.mean():5.2f} +- {found.std() / np.sqrt(len(found)):.2f} bits a pixel")

# %% [markdown]
# Where do more than three bits come from? Here is the density of three pixels: among neighbours that are all alike,
# among very different ones, and in between. (The axis is logarithmic.) One high peak says "this leaf goes on";
# several say "this leaf, or that one"; and far below lies what is left for something new.

# %%
x, y = samples(test, 5)
by_unrest = np.argsort(x.std(axis=1))
grey = np.linspace(-0.5, 0.5, 401)
chosen = {"neighbours alike": by_unrest[100], "in between": by_unrest[len(x) // 2], "neighbours that differ": by_unrest[-100]}
pictured = {name: (grey + 0.5, np.exp(fitted["MCGSM"].log_p(np.tile(x[k], (len(grey), 1)), grey[:, None])))
          for name, k in chosen.items()}
course.show(plots.curves, pictured, across="grey of the next pixel", up="density", log=True)

# %% [markdown]
# ## 10. Draw
#
# A density of the next pixel draws images: pixel by pixel, each given those that were drawn before. The library's
# `Field` goes over the image with the density that you have fitted. (Some rows and columns more are drawn, and cut
# away, for the first pixels have nothing but zeros to look at.)

# %%
field = densities.Field(1, 5)
field.conditional = fitted["MCGSM"]
drawn = field.sample(16, 48, 64, rng=0, limits=(-0.5, 0.5))[:, 16:, 16:48]
course.show(plots.samples_grid, np.clip(np.floor((drawn + 0.5) * LEVELS), 0, LEVELS - 1).astype(int), LEVELS)

# %% [markdown]
# Patches of one grey, and sharp edges between them: no Gaussian draws such images. (So much of it is black or white
# because a Gaussian knows no ends: what it draws outside of the range is cut.) But where are the discs?
#
# ## 11. What the neighbourhood cannot see
#
# Would a larger window help? It contains the smaller one: the best density can only become better. We ask the two that
# have one component, for where their fit ends hardly depends on where it began.

# %%
sizes = 3, 5, 7
flat = {name: (sizes, [rates(fitted[name] if size == 5 else fit(size, kinds[name]), size).mean() for size in sizes])
        for name in ("Gaussian", "GSM")}
for name, (_, found) in flat.items():
    print(f"{name:8}", *(f"{size}x{size}: {rate:.2f}" for size, rate in zip(sizes, found)), sep="   ")
course.show(plots.curves, flat, across="size of the window", up="rate, bits a pixel", marked=True)

# %% [markdown]
# Nearly nothing. (Left to you: the MCGSM. It differs from start to start, and of a larger window it has more to learn
# than 6,000 pixels tell.) So the neighbourhood knows all there is to know? Here is a test without any model. Take the
# pixels whose whole 5x5 neighbourhood is of *one* grey. A density that reads these 12 pixels must say the same of all
# of them (but for the grey itself). How often does an edge come next? And how often, if the leaf has lasted for `k`
# pixels already, to the left *and* upwards?

# %%
def run(images):
    """For each pixel: how many pixels on its left, side by side, have the grey of its left neighbour"""
    length = np.zeros(images.shape, int)
    for j in range(1, images.shape[2]):
        length[:, :, j] = 1 + length[:, :, j - 1] * (images[:, :, j - 1] == images[:, :, j - 2])
    return length


images = leaves.train.astype(float)
x, y = samples(images, 5)
lasted = np.minimum(run(images), run(images.swapaxes(1, 2)).swapaxes(1, 2))[:, 3:, 3:-3].ravel()
one_grey = np.all(x == x[:, :1], axis=1)
edge = y[:, 0] != x[:, -1]
k = np.arange(2, 17, 2)
course.show(plots.curves, {"leaves that have lasted for k pixels": (k, [edge[one_grey & (lasted >= far)].mean() for far in k]),
                           "all that a 5x5 window can know": (k, np.full(len(k), edge[one_grey].mean()))},
            across="k, pixels to the left and upwards", up="share of pixels at which an edge comes", marked=True)

# %% [markdown]
# A leaf that has lasted for 16 pixels is a large one, and will last: an edge is three times as rare there as the window
# believes, and no window that ends after two pixels will ever know. Nor will it know how round a rim has to be: the
# rim of a large disc is a straight line in a small window. A larger window sees a little farther, for many more
# parameters, and ends as well. In bits this is little, for edges are rare. In samples it is everything.
#
# So: *how can a pixel know of everything before it, without a window?* By a memory that is handed on from pixel to
# pixel, as in chapter 2. The Spatial LSTM (Theis and Bethge 2015) runs over the image and gives its state, in place
# of the raw neighbours, to the density that you have written. There the gradient by `x` comes to its right: until now
# nobody has asked for it, and in that model it is what the memory learns from.
#
# ## What to keep
#
# - A density of an image is a density of the next pixel, given a causal neighbourhood: one order, one window.
# - Natural images are rarely like one Gaussian, and often like a choice among some: the gate chooses by energies, with
#   the same scale as the Gaussian that it chooses.
# - Every log of a sum of exponentials is a log-sum-exp.
# - Its gradient is a probability: experts learn by the posterior, the gate by posterior minus prior.
# - What is read twice gives back twice: `x` and `alpha`, by the gate and by the experts.
# - What a window cannot see, no number of parameters can tell.
#
# To think about: what does `mcgsm_backward` give for `x` if all `beta` are zero? Why may `eta` be shifted by a
# constant, and what does that say of its gradient? What would the density be without any inputs (D = 0)? And fit it
# to your own photographs: `minipixel.data.load` takes a folder. (Is the rate higher or lower than for leaves? Why?)
