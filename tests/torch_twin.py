"""The oracle's operations in PyTorch: F.conv2d under the masks, autograd for the gradients."""

import torch
import torch.nn.functional as F


def constant(x):
    return torch.as_tensor(x, dtype=torch.float64)


def conv(x, K, b, taps):
    r = max(max(abs(di), abs(dj)) for di, dj in taps)
    kernel = torch.zeros(2 * r + 1, 2 * r + 1, *K.shape[1:], dtype=K.dtype)
    rows, columns = zip(*[(r + di, r + dj) for di, dj in taps])
    kernel = kernel.index_put((torch.tensor(rows), torch.tensor(columns)), K)
    x, kernel = x.permute(0, 3, 1, 2).contiguous(), kernel.permute(3, 2, 0, 1).contiguous()
    return F.conv2d(x, kernel, b, padding=r).permute(0, 2, 3, 1)


def enlarge(x, K, b):
    x, kernel = x.permute(0, 3, 1, 2).contiguous(), K.permute(2, 3, 0, 1).contiguous()
    return F.conv_transpose2d(x, kernel, b, stride=2).permute(0, 2, 3, 1)


relu, sigmoid, tanh, stack, concat = F.relu, torch.sigmoid, torch.tanh, torch.stack, torch.concat


def softmax(logits, levels):
    return F.log_softmax(logits.reshape(*logits.shape[:-1], -1, levels), dim=-1)


def bernoulli(logits):
    return torch.stack([F.logsigmoid(-logits), F.logsigmoid(logits)], dim=-1)


def nats(log_p, x):
    return -log_p.gather(-1, torch.as_tensor(x, dtype=torch.int64)[..., None]).sum(dim=(1, 2, 3, 4))


def mcgsm(x, y, eta, alpha, beta, b, a, L=None, u=None, w=None):
    """The mixture from torch's own normal densities, in nothing like the order of ours."""
    precision, M = torch.exp(alpha), y.shape[1]
    energy = torch.einsum("cf,nf->nc", beta**2, (x @ b.T) ** 2)
    if w is not None:
        energy = energy - 2 * x @ w.T
    gate = F.log_softmax((eta - 0.5 * precision * energy[:, :, None]).flatten(1), dim=1)
    mean = torch.einsum("cmd,nd->ncm", a, x) + (u if u is not None else 0)
    root = torch.eye(M, dtype=x.dtype).expand(len(eta), M, M) if L is None else torch.tril(L)
    # (e L L^T) as a precision; a factor with negative diagonal entries has the same product
    of_pairs = precision[:, :, None, None] * (root @ root.mT)[:, None]
    normal = torch.distributions.MultivariateNormal(mean[:, :, None], precision_matrix=of_pairs)
    return torch.logsumexp(gate + normal.log_prob(y[:, None, None]).flatten(1), dim=1)
