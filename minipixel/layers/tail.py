"""The tail of a network: the layers after the last that reads other pixels, and the head, strip by strip."""

from minipixel.backend import array_module
from minipixel.ops.conv import strips

# Numbers of a strip's logits (1 MiB of float32): measured; they go forward and back while they are in a core's cache.
STRIP = 1 << 18


def tail_pass(tail, head, z, x, weight):
    """nats, dz, grads of weight * sum of the nats of x under the head, for the features z (N, H, W, C) that the tail reads.

    A pixel's nats depend on its own features alone, so each strip of pixels goes forward through tail and head and back
    at once, and no logits are kept: 256 levels of three colours are more numbers than all layers before them keep.
    """
    xp = array_module(z)
    total, grads, dz = 0.0, {}, xp.empty(z.shape, z.dtype)
    for strip in strips(z, head.units, STRIP):
        logits, tail_cache = tail.forward(z[strip])
        nats, head_cache = head.forward(logits, x[strip])
        total = total + nats.sum()
        dz[strip], found = tail.backward(head.backward(xp.full(len(logits), weight), head_cache), tail_cache)
        for name, grad in found.items():
            grads[name] = grads[name] + grad if name in grads else grad
    return total, dz, grads
