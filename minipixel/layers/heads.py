"""Heads: from the network's output units to nats and to log-probabilities of the levels."""

from minipixel.ops import heads as ops


class Bernoulli:
    """Binary images: one logit a colour, that of level 1. PixelRNN, Table 1."""

    def __init__(self, colours):
        self.units = colours

    def forward(self, logits, x):
        return ops.bernoulli_forward(logits, x)

    def backward(self, dnats, cache):
        return ops.bernoulli_backward(dnats, cache)["logits"]

    def log_probs(self, logits):
        return ops.bernoulli_log_probs(logits)


class Softmax:
    """K levels: K logits a colour, units (colour, level). PixelRNN, section 2.2."""

    def __init__(self, colours, levels):
        self.colours, self.units = colours, colours * levels

    def forward(self, logits, x):
        return ops.softmax_forward(logits, x)

    def backward(self, dnats, cache):
        return ops.softmax_backward(dnats, cache)["logits"]

    def log_probs(self, logits):
        return ops.softmax_log_probs(logits, self.colours)


def head_for(colours, levels):
    """The paper's choice: a sigmoid for 2 levels, a softmax for more."""
    return Bernoulli(colours) if levels == 2 else Softmax(colours, levels)
