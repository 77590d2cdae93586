"""Layers made of layers: in sequence, around a residual connection, and with skip connections to the output."""

from minipixel.layers.base import Layer, Params


class Composite(Layer):
    """Named children; their parameters, moved and counted under `name.` prefixes."""

    def __init__(self, children):
        self.children = dict(children)
        self.join()

    def join(self):
        self.params, self.fixed = (Params({f"{name}.{key}": value for name, child in self.children.items()
                                           for key, value in getattr(child, kind).items()}) for kind in ("params", "fixed"))

    def to(self, xp):
        for child in self.children.values():
            child.to(xp)
        self.join()
        return self

    def connections(self):
        return sum(child.connections() for child in self.children.values())

    def kept(self):
        return sum(child.kept() for child in self.children.values())

    @property
    def shard(self):
        return max([Layer.shard, *[child.shard for child in self.children.values()]])

    @property
    def lag(self):
        return max([0, *[child.lag for child in self.children.values()]])

    def chain(self):
        """The children that x goes through, one after the other, by name."""
        return self.children.items()

    def first_not_finite(self, x):
        given = x
        for name, child in self.chain():
            inside = child.first_not_finite(x)
            if inside is not None:
                return f"{name}.{inside}".rstrip(".")
            x = child.forward(x)[0]
        return super().first_not_finite(given)


def prefixed(name, grads):
    return {f"{name}.{key}": value for key, value in grads.items()}


class Sequential(Composite):
    """One after the other: Sequential(first=layer, second=layer, ...) or Sequential.of([layer, ...]), named 0, 1, ..."""

    def __init__(self, **children):
        super().__init__(children)

    @classmethod
    def of(cls, layers):
        return cls(**{str(k): layer for k, layer in enumerate(layers)})

    @property
    def pointwise(self):
        return all(child.pointwise for child in self.children.values())

    def split(self):
        """Between the last child that reads other pixels and what follows."""
        children = list(self.children.items())
        first = max((k for k, (_, child) in enumerate(children, 1) if not child.pointwise), default=0)
        return Sequential(**dict(children[:first])), Sequential(**dict(children[first:]))

    def forward(self, x):
        caches = []
        for child in self.children.values():
            x, cache = child.forward(x)
            caches.append(cache)
        return x, caches

    def backward(self, dy, caches):
        pieces = []
        for (name, child), cache in zip(reversed(self.children.items()), reversed(caches)):
            dy, grads = child.backward(dy, cache)
            pieces.append(prefixed(name, grads))
        return dy, {key: value for grads in reversed(pieces) for key, value in grads.items()}

    def start(self, n, height, width, canvas=None):
        states = []
        for child in self.children.values():
            states.append(child.start(n, height, width, canvas))
            canvas = None
        return states

    def step(self, x_ij, states, i, j):
        for child, state in zip(self.children.values(), states):
            x_ij = child.step(x_ij, state, i, j)
        return x_ij


class Residual(Sequential):
    """y = x + body(x), the body in sequence        PixelRNN, section 3.3 and Figure 5"""

    split = Layer.split     # x goes around all of the body

    def forward(self, x):
        y, caches = super().forward(x)
        return x + y, caches

    def backward(self, dy, caches):
        dx, grads = super().backward(dy, caches)
        return dy + dx, grads

    def step(self, x_ij, states, i, j):
        return x_ij + super().step(x_ij, states, i, j)


class Skips(Composite):
    """x_l = block_l(x_(l-1)),   y = sum_l skip_l(x_l): each block speaks to the output as well        PixelRNN, section 3.3"""

    def __init__(self, blocks, skips):
        if not blocks or len(blocks) != len(skips):
            raise ValueError(f"Skips expects at least one block and a skip for each, got {len(blocks)} and {len(skips)}")
        self.blocks, self.skips = list(blocks), list(skips)
        names = {f"{l}.block": block for l, block in enumerate(self.blocks)}
        names |= {f"{l}.skip": skip for l, skip in enumerate(self.skips)}
        super().__init__(names)

    def chain(self):
        return {f"{l}.block": block for l, block in enumerate(self.blocks)}.items()

    def forward(self, x):
        y, caches = 0, []
        for block, skip in zip(self.blocks, self.skips):
            x, block_cache = block.forward(x)
            y_l, skip_cache = skip.forward(x)
            y = y + y_l
            caches.append((block_cache, skip_cache))
        return y, caches

    def backward(self, dy, caches):
        dx, found = 0, {}
        for l in reversed(range(len(self.blocks))):
            block_cache, skip_cache = caches[l]
            dx_l, grads = self.skips[l].backward(dy, skip_cache)
            found |= prefixed(f"{l}.skip", grads)
            dx, grads = self.blocks[l].backward(dx + dx_l, block_cache)
            found |= prefixed(f"{l}.block", grads)
        return dx, {name: found[name] for name in self.params}

    def start(self, n, height, width, canvas=None):
        return [(block.start(n, height, width), skip.start(n, height, width)) for block, skip in zip(self.blocks, self.skips)]

    def step(self, x_ij, states, i, j):
        y = 0
        for block, skip, (block_state, skip_state) in zip(self.blocks, self.skips, states):
            x_ij = block.step(x_ij, block_state, i, j)
            y = y + skip.step(x_ij, skip_state, i, j)
        return y
