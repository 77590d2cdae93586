"""What is timed of PyTorch: objects to call, which also tell their arrays for the check that both sides are equal."""

import numpy as np
import torch

from minipixel.threads import keep_freed_memory

from .subjects import conv_layer, fresh
from .timing import seconds_of
from .torch_mcgsm import DensityPass
from .torch_recurrent import RecurrentPass
from .torch_side import Conv, Network, taps_grads


class ConvPass:
    """Forward and backward of a masked convolution alone, by autograd."""

    def __init__(self, form, subject):
        layer, *arrays = conv_layer(*subject)
        layout = torch.contiguous_format if form == "usual" else torch.channels_last
        self.module = Conv(layer, form == "usual").to(memory_format=layout)
        self.x, self.dy = (torch.as_tensor(a.transpose(0, 3, 1, 2)).contiguous(memory_format=layout) for a in arrays)
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
        return {"y": y.detach().permute(0, 2, 3, 1).numpy(force=True), "x": self.x.grad.permute(0, 2, 3, 1).numpy(force=True),
                **taps_grads(self.module)}


class Step:
    """A training step: forward and backward of the mean nats of the images x."""

    def __init__(self, form, subject, x):
        self.network = Network(fresh(*subject), form)
        self.x = self.network.images(x)

    def __call__(self):
        return self.network.loss_and_grads(self.x)

    def arrays(self):
        loss, log_p = self().item(), self.network.log_probs(self.x)
        return {"loss": np.array(loss), "predict": log_p.numpy(force=True), **self.network.grads()}


class Forwards:
    """So many steps of a sampler without cache: predict the whole batch of images x, draw one pixel."""

    def __init__(self, form, subject, x, forwards):
        self.network = Network(fresh(*subject), form)
        self.x, self.forwards = self.network.images(x), forwards

    def __call__(self):
        for pixel in range(self.forwards):
            log_p = self.network.log_probs(self.x)[:, 0, pixel % self.x.shape[3], 0]
            torch.multinomial(log_p.exp(), 1)

    def arrays(self):
        return {"log p": self.network.log_probs(self.x).numpy(force=True)}


class Sides:
    """The PyTorch sides of a row, by form: what the process of PyTorch keeps between two requests."""

    kinds = {"conv": ConvPass, "recurrent": RecurrentPass, "mcgsm": DensityPass, "step": Step, "forwards": Forwards}

    def __init__(self, threads, same_malloc, device="cpu"):
        torch.set_num_threads(threads)
        self.finish = torch.cuda.synchronize if device == "gpu" else lambda: None
        if device == "gpu":
            torch.set_default_device("cuda")
            torch.backends.cudnn.allow_tf32 = False     # as in its other products, and in ours
        self.same_malloc, self.sides = same_malloc, {}

    def make(self, form, kind, *arguments):
        """A new side in place of the form's last one; its arrays."""
        self.sides[form] = self.kinds[kind](form, *arguments)
        return self.sides[form].arrays()

    def seconds(self, form, calls):
        asked = keep_freed_memory.cache_info().currsize > 0
        assert asked == self.same_malloc, "PyTorch's process has another malloc setting than the heading says"
        return seconds_of(self.sides[form], calls, self.finish)
