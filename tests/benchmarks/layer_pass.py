"""A layer's forward and backward over the shards of a batch, in processes as a model's training step has them."""

from functools import reduce

import numpy as np

from minipixel.backend import device_module, to_numpy
from minipixel.workers import each


class LayerPass:
    """Called, it makes the gradients of the parameters; x, dy, y and dx stay in the process that has the shard."""

    def __init__(self, layer, x, dy, threads, device):
        self.xp = device_module(device)
        self.layer, self.x, self.dy = layer.to(self.xp), self.xp.asarray(x), self.xp.asarray(dy)
        self.saved, self.threads, self.workers = layer.params, threads, None
        n = len(x) if self.xp is not np else max(1, min(layer.shard // (x.shape[1] * x.shape[2]), -(-len(x) // 2)))
        self.shards = [slice(start, start + n) for start in range(0, len(x), n)]

    def __call__(self):
        return reduce(add, each(self, LayerPass.shard, range(len(self.shards))))

    def shard(self, k):
        y, cache = self.layer.forward(self.x[self.shards[k]])
        self.y, (self.dx, grads) = y, self.layer.backward(self.dy[self.shards[k]], cache)
        return grads

    def arrays(self):
        """{what: array} of the whole batch, one shard after the other."""
        grads, ys, dxs = [], [], []
        for k in range(len(self.shards)):
            grads.append(self.shard(k))
            ys.append(to_numpy(self.y))
            dxs.append(to_numpy(self.dx))
        grads = {name: to_numpy(grad) for name, grad in reduce(add, grads).items()}
        return {"y": np.concatenate(ys), "x": np.concatenate(dxs), **grads}


def add(total, grads):
    for name, grad in grads.items():
        total[name] += grad
    return total
