"""The MCGSM in PyTorch, with a minipixel density's parameters: all samples at once, or as well as autograd allows.

usual     all samples in one call
pieces    one piece of the samples after the other, as small as those of minipixel: what autograd keeps stays in cache
compiled  torch.compile of the first
"""

from math import log, pi

import numpy as np
import torch

from minipixel.ops.mcgsm import pieces

from .subjects import neighbourhoods


def log_density(x, y, eta, alpha, beta, b, a):
    """log p(y | x) for one output: as in minipixel/ops/mcgsm.py, samples first"""
    energy = ((x @ b.T) ** 2 @ (beta ** 2).T)[:, :, None]
    gate = eta - 0.5 * torch.exp(alpha) * energy
    r = (y - x @ a[:, 0].T)[:, :, None]
    normal = 0.5 * (alpha - torch.exp(alpha) * r ** 2 - log(2 * pi))
    return torch.logsumexp(gate + normal, (1, 2)) - torch.logsumexp(gate, (1, 2))


class DensityPass:
    """The mean of -log p, and its gradients by autograd."""

    def __init__(self, form, subject):
        density, x, y = neighbourhoods(*subject)
        self.params = {name: torch.tensor(value, requires_grad=True) for name, value in density.params.items()}
        cut = pieces(len(x), density.params["eta"]) if form == "pieces" else [slice(None)]
        self.parts, self.n = [(torch.as_tensor(x[part]), torch.as_tensor(y[part])) for part in cut], len(x)
        self.run = torch.compile(log_density, dynamic=False) if form == "compiled" else log_density

    def __call__(self):
        for value in self.params.values():
            value.grad = None
        total = 0.0
        for x, y in self.parts:
            loss = -self.run(x, y, **self.params).sum() / self.n
            loss.backward()
            total = total + loss.detach()
        return total

    def arrays(self):
        return {"loss": np.array(self().item()), **{name: value.grad.numpy(force=True) for name, value in self.params.items()}}
