"""The recurrences in PyTorch, with a minipixel layer's weights: as tutorials write them, and as well as autograd allows.

usual     skewed maps, a loop over columns (rows), F.conv1d for state-to-state, a sigmoid and a tanh a gate
packed    all directions in one product, only real cells, those of a tick side by side, one sigmoid for all its gates
compiled  torch.compile of the latter

The initial state is zero: then padding cells stay zero by themselves, since the bias is added before the skew.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from minipixel.layers import DiagonalBiLSTM, RowLSTM, SpatialLSTM
from minipixel.order import walk

from .subjects import recurrent_layer


class Recurrent(nn.Module):
    """Parameters under minipixel's names and in its shapes; what is derived from them is made in every forward."""

    def __init__(self, layer):
        super().__init__()
        self.frame, self.taps, self.h, self.sigmoids = layer.frame, layer.taps, layer.h, layer.cell.gates - 1
        self.spatial = isinstance(layer, SpatialLSTM)
        for name in ("K_is", "K_ss", "b"):
            setattr(self, name, nn.Parameter(torch.as_tensor(layer.params[name].copy())))

    def gated(self, a, *c):
        """The usual form's cell on a (N, gates * h, places): a call for each gate."""
        *sigmoids, g = a.chunk(self.sigmoids + 1, 1)
        return self.cell([torch.sigmoid(one) for one in sigmoids], torch.tanh(g), *c)

    def cell(self, sigmoids, g, *c):
        if self.spatial:
            o, i, f_c, f_r = sigmoids
            c = g * i + c[0] * f_c + c[1] * f_r
            return torch.tanh(c * o), c
        o, f, i = sigmoids
        c = f * c[0] + i * g
        return o * torch.tanh(c), c


class UsualDiagonal(Recurrent):
    """x (N, C, H, W)"""

    def forward(self, x):
        right = self.scan(x.flip(3), 1).flip(3)
        return self.scan(x, 0) + functional.pad(right[:, :, :-1], (0, 0, 1, 0))

    def input_to_state(self, x, d):
        return functional.conv2d(x, self.K_is[d, 0].T[:, :, None, None], self.b[d])

    def scan(self, x, d):
        H, W = x.shape[2:]
        a = self.input_to_state(x, d)
        a = torch.stack([functional.pad(a[:, :, i], (i, H - 1 - i)) for i in range(H)], 2)     # the skew
        K_ss = self.K_ss[d].flip(0).permute(2, 1, 0)                                            # up, left: (4h, h, 2)
        h = c = x.new_zeros(len(x), self.h, H)
        columns = []
        for t in range(W + H - 1):
            h, c = self.gated(a[..., t] + functional.conv1d(functional.pad(h, (1, 0)), K_ss), *self.remembered(c))
            columns.append(h)
        y = torch.stack(columns, 3)
        return torch.stack([y[:, :, i, i:i + W] for i in range(H)], 2)

    def remembered(self, c):
        """Of the column before: the same row is on the left, in the skewed map."""
        return (c,)


class UsualSpatial(UsualDiagonal):
    """x (N, 1, H, W), by the part of a 5 x 5 kernel that mask A leaves"""

    def forward(self, x):
        return self.scan(x, 0)

    def input_to_state(self, x, d):
        k = 1 - 2 * self.taps[0][0]
        live, C, F = self.K_is[d].shape
        K_is = functional.pad(self.K_is[d], (0, 0, 0, 0, 0, k * k - live)).view(k, k, C, F)
        return functional.conv2d(x, K_is.permute(3, 2, 0, 1), self.b[d], padding=k // 2)

    def remembered(self, c):
        """The same row is on the left, the row above is above."""
        return c, functional.pad(c[:, :, :-1], (1, 0))


class UsualRow(Recurrent):
    """x (N, C, H, W)"""

    def forward(self, x):
        K_is = functional.pad(self.K_is[0].permute(2, 1, 0), (0, 1))[:, :, None]                # the third tap is masked
        a = functional.conv2d(x, K_is, self.b[0], padding=(0, 1))
        K_ss = self.K_ss[0].permute(2, 1, 0)
        h = c = x.new_zeros(len(x), self.h, x.shape[3])
        rows = []
        for i in range(x.shape[2]):
            h, c = self.gated(a[:, :, i] + functional.conv1d(h, K_ss, padding=1), c)
            rows.append(h)
        return torch.stack(rows, 2)


class Packed(Recurrent):
    """All frames, x (N, H, W, C): the walk of minipixel, with autograd."""

    def forward(self, x):
        N, H, W, C = x.shape
        cells = walk(self.frame, (H, W))
        places = torch.as_tensor(cells.places)
        D, P = places.shape
        up, left, right = (max(reach) for reach in zip(*[(-di, -dj, dj) for di, dj in self.taps]))
        padded = functional.pad(x, (0, 0, left, max(0, right), up, 0))
        wide = padded.shape[2]
        rows = (places // W + up) * wide + places % W + left
        flat = padded.reshape(N, -1, C).transpose(0, 1)                                         # places, images
        taps = torch.cat([flat[rows.reshape(-1) + di * wide + dj] for di, dj in self.taps], 2).view(D, P * N, -1)
        F = self.b.shape[1]
        a = torch.baddbmm(self.b[:, None], taps, self.K_is.view(D, -1, F)).view(D, P, N, -1)
        K_ss = self.K_ss.view(D, -1, F)
        h = c = x.new_zeros(D, 0, N, self.h)
        states = []
        for tick, links in zip(cells.ticks, cells.links):
            m = tick.stop - tick.start
            read = [self.read(h, *link, m) for link in links]
            total = torch.baddbmm(a[:, tick].reshape(D, m * N, -1), torch.cat(read, 3).view(D, m * N, -1), K_ss)
            gates = torch.sigmoid(total[..., :-self.h]).chunk(self.sigmoids, 2)
            memories = [self.read(c, *links[r], m).reshape(D, m * N, -1) for r in cells.memory]
            h, c = (v.view(D, m, N, -1) for v in self.cell(gates, torch.tanh(total[..., -self.h:]), *memories))
            states.append(h)
        h = torch.cat(states, 1)
        maps = [h[d, torch.argsort(places[d])].view(H, W, N, -1).permute(2, 0, 1, 3) for d in range(D)]
        return sum(functional.pad(one[:, :H - s], (0, 0, 0, 0, s, 0)) for one, s in zip(maps, self.frame.shifts))

    @staticmethod
    def read(state, into, out, m):
        """The states that m cells find, zeros where there is none."""
        if into is None:
            return state.new_zeros(state.shape[0], m, *state.shape[2:])
        return functional.pad(state[:, out], (0, 0, 0, 0, into.start, m - into.stop))


class RecurrentPass:
    """Forward and backward of a recurrence alone, by autograd."""

    def __init__(self, form, subject):
        layer, *arrays = recurrent_layer(*subject)
        usual = {DiagonalBiLSTM: UsualDiagonal, RowLSTM: UsualRow, SpatialLSTM: UsualSpatial}
        self.usual = form == "usual"
        self.module = usual[type(layer)](layer) if self.usual else Packed(layer)
        if self.usual:
            arrays = [np.ascontiguousarray(v.transpose(0, 3, 1, 2)) for v in arrays]
        self.x, self.dy = map(torch.as_tensor, arrays)
        self.x.requires_grad_()
        self.run = torch.compile(self.module, dynamic=False) if form == "compiled" else self.module

    def __call__(self):
        self.module.zero_grad(set_to_none=True)
        self.x.grad = None
        y = self.run(self.x)
        y.backward(self.dy)
        return y

    def arrays(self):
        y = self()
        maps = [v.permute(0, 2, 3, 1) if self.usual else v for v in (y.detach(), self.x.grad)]
        return {"y": maps[0].numpy(force=True), "x": maps[1].numpy(force=True),
                **{name: value.grad.numpy(force=True) for name, value in self.module.named_parameters()}}
