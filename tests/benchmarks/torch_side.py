"""The networks of minipixel in PyTorch, made from a minipixel model, with its weights and its parameter names."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from minipixel.layers import MaskedConv, ReLU, Residual


class Conv(nn.Module):
    """A masked convolution. usual: the full kernel times its mask; else: the live rows only, masked where it matters."""

    def __init__(self, layer, usual):
        super().__init__()
        self.r, self.usual, self.taps = max(-di for di, _ in layer.taps), usual, layer.taps
        self.needs_mask = usual or self.r > 0 or not layer.all_allowed
        # Ones in the dead places: were the mask forgotten, outputs would differ.
        self.K = nn.Parameter(self.spread(layer.params["K"], np.ones))
        self.register_buffer("M", self.spread(layer.M, np.zeros))
        self.b = nn.Parameter(torch.as_tensor(layer.params["b"].copy()))

    def spread(self, K, fill):
        """K (T, C, F) over its live taps -> (F, C, rows, columns), `fill` elsewhere."""
        T, C, F = K.shape
        full = fill((F, C, (2 if self.usual else 1) * self.r + 1, 2 * self.r + 1), K.dtype)
        for (di, dj), K_t in zip(self.taps, K, strict=True):
            full[:, :, self.r + di, self.r + dj] = K_t.T
        return torch.as_tensor(full)

    def over_taps(self, full):
        """The way back: (F, C, rows, columns) -> (T, C, F)."""
        return np.stack([full[:, :, self.r + di, self.r + dj].T for di, dj in self.taps])

    def forward(self, x):
        K = self.K * self.M if self.needs_mask else self.K
        if self.usual:
            return functional.conv2d(x, K, self.b, padding=self.r)
        if self.r:
            x = functional.pad(x, (0, 0, self.r, 0))
        return functional.conv2d(x, K, self.b, padding=(0, self.r))


class Residual_(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def translated(layer, usual):
    """The PyTorch module of a minipixel layer."""
    if isinstance(layer, MaskedConv):
        return Conv(layer, usual)
    module, after_conv = (Residual_ if isinstance(layer, Residual) else nn.Sequential)(), False
    for name, child in layer.children.items():
        # What a convolution gave is needed by nobody else: its ReLU may work in place.
        in_place = after_conv and not usual
        module.add_module(name, nn.ReLU(inplace=in_place) if isinstance(child, ReLU) else translated(child, usual))
        after_conv = isinstance(child, MaskedConv)
    return module


class Network:
    """A minipixel model in PyTorch, in a form of FORMS: `loss_and_grads(x)` and `log_probs(x)`, x uint8 (N, C, H, W)."""

    def __init__(self, model, form):
        self.colours, self.levels, self.last = model.colours, model.levels, form != "usual"
        self.net = translated(model.net, usual=form == "usual")
        if self.last:
            self.net = self.net.to(memory_format=torch.channels_last)
        self.dtype = next(self.net.parameters()).dtype
        self.run = torch.compile(self.net, dynamic=False) if form == "compiled" else self.net

    def images(self, x):
        """(N, H, W, C) integers -> the tensor that the other methods take."""
        images = torch.as_tensor(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
        return images.contiguous(memory_format=torch.channels_last) if self.last else images

    def logits(self, x):
        return self.run(x.to(self.dtype) * (2 / (self.levels - 1)) - 1)

    def loss_and_grads(self, x):
        """Mean nats, a tensor; the gradients stand in the parameters."""
        self.net.zero_grad(set_to_none=True)
        logits = self.logits(x)
        if self.levels == 2:
            nats = functional.binary_cross_entropy_with_logits(logits, x.to(self.dtype), reduction="sum")
        elif self.last:     # (pixels, levels) without a copy, in this layout; below in the other
            a, true = logits.permute(0, 2, 3, 1).reshape(-1, self.levels), x.permute(0, 2, 3, 1).reshape(-1)
            nats = functional.cross_entropy(a, true.long(), reduction="sum")
        else:
            a, true = logits.view(-1, self.levels, *x.shape[2:]), x.reshape(-1, *x.shape[2:])
            nats = functional.cross_entropy(a, true.long(), reduction="sum")
        loss = nats / len(x)
        loss.backward()
        return loss

    def log_probs(self, x):
        """(N, H, W, C, K), as `predict` gives them."""
        with torch.no_grad():
            logits = self.logits(x).permute(0, 2, 3, 1)
            if self.levels == 2:
                return torch.stack([functional.logsigmoid(-logits), functional.logsigmoid(logits)], dim=-1)
            return functional.log_softmax(logits.reshape(*logits.shape[:3], self.colours, self.levels), dim=-1)

    def grads(self):
        """{name: gradient} in the shapes of minipixel."""
        return taps_grads(self.net)


def taps_grads(net):
    """{name: gradient} of a module made of Conv, in the shapes of minipixel."""
    found = {}
    for name, module in net.named_modules():
        if isinstance(module, Conv):
            prefix = f"{name}." if name else ""
            dK, db = (value.grad.numpy(force=True) for value in (module.K, module.b))
            found |= {f"{prefix}K": module.over_taps(dK), f"{prefix}b": db}
    return found
