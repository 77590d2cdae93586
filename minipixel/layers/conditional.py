"""A causal network that also reads maps s which are known as a whole: every layer of it is biased by them."""

from math import inf
from types import SimpleNamespace

from minipixel.backend import array_module
from minipixel.layers.compose import Composite, Sequential, prefixed


class Conditional(Composite):
    """y_0 = input(x) + bias(s);   y_l = y_(l-1) + block_l([y_(l-1) | s]);   output(y_L)        PixelRNN, section 3.6

    It reads [x | s] (N, H, W, C + maps): the image, and beside it the maps. `bias` is an unmasked 1x1 product, and each
    block begins with a recurrence whose last `maps` inputs are free, which is an unmasked 1x1 product of s added to its
    input-to-state. The blocks add their input, as in Figure 5.
    """

    lag = inf   # the maps beside x are taken apart pixel by pixel

    def __init__(self, C, maps, input, bias, blocks, output):
        self.C, self.maps, self.input, self.bias, self.blocks, self.output = C, maps, input, bias, blocks, output
        body = Sequential.of(blocks)
        super().__init__({"input": input, "bias": bias, "body": body, "output": output})

    def forward(self, x):
        if x.ndim != 4 or x.shape[-1] != self.C + self.maps:
            raise ValueError(f"Conditional expects [x | s] of shape (N, H, W, {self.C + self.maps}), got {x.shape}: "
                             "is the channel axis last?")
        x, s = self.apart(x)
        y, input_cache = self.input.forward(x)
        bias, bias_cache = self.bias.forward(s)
        y, caches = y + bias, []
        for block in self.blocks:
            z, cache = block.forward(beside(y, s))
            y = y + z
            caches.append(cache)
        y, output_cache = self.output.forward(y)
        return y, (input_cache, bias_cache, caches, output_cache)

    def backward(self, dy, cache):
        """ds is the sum of what every layer owes it."""
        input_cache, bias_cache, caches, output_cache = cache
        dy, grads = self.output.backward(dy, output_cache)
        found, ds = prefixed("output", grads), 0
        for l in reversed(range(len(self.blocks))):
            dys, grads = self.blocks[l].backward(dy, caches[l])
            found |= prefixed(f"body.{l}", grads)
            dy, ds = dy + dys[..., :-self.maps], ds + dys[..., -self.maps:]
        ds_0, grads = self.bias.backward(dy, bias_cache)
        found |= prefixed("bias", grads)
        dx, grads = self.input.backward(dy, input_cache)
        found |= prefixed("input", grads)
        return beside(dx, ds + ds_0), {name: found[name] for name in self.params}

    def start(self, n, height, width, canvas=None):
        """`canvas` holds [x | s]. The input layer needs the x of it as an array of its own, kept up to date at each step."""
        x = None if canvas is None else canvas[..., :self.C].copy()
        return SimpleNamespace(canvas=canvas, x=x, input=self.input.start(n, height, width, x),
                               bias=self.bias.start(n, height, width),
                               blocks=[block.start(n, height, width) for block in self.blocks],
                               output=self.output.start(n, height, width))

    def step(self, x_ij, state, i, j):
        if state.canvas is not None:  # the last colour of a pixel is drawn after its last step
            rows = slice(max(0, i - 1), i + 1)
            state.x[:, rows] = state.canvas[:, rows, :, :self.C]
        x_ij, s_ij = self.apart(x_ij)
        y_ij = self.input.step(x_ij, state.input, i, j) + self.bias.step(s_ij, state.bias, i, j)
        for block, block_state in zip(self.blocks, state.blocks):
            y_ij = y_ij + block.step(beside(y_ij, s_ij), block_state, i, j)
        return self.output.step(y_ij, state.output, i, j)

    def first_not_finite(self, x):
        x, s = self.apart(x)
        y = self.input.forward(x)[0] + self.bias.forward(s)[0]
        given = [("input", self.input, x), ("bias", self.bias, s)]
        for l, block in enumerate(self.blocks):
            given.append((f"body.{l}", block, beside(y, s)))
            y = y + block.forward(given[-1][2])[0]
        for name, child, read in [*given, ("output", self.output, y)]:
            inside = child.first_not_finite(read)
            if inside is not None:
                return f"{name}.{inside}".rstrip(".")
        return None

    def apart(self, x):
        return x[..., :self.C], x[..., self.C:]


def beside(y, s):
    """[y | s]: along the last axis, s after y."""
    return array_module(y).concatenate([y, s], axis=-1)
