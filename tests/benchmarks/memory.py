"""python -m tests.benchmarks.memory SIDE NETWORK SIZE BATCH THREADS: what a training step needs, in bytes.

In a process of its own: VmHWM (the peak) after two steps at the asked size, less VmRSS after a step on images of 8x8,
by which everything is imported, started and allocated once. PyTorch has the malloc that it comes with.
"""

import re
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from .subjects import BLOCKS, DIAGONAL, OURS, fresh, growing

NETWORKS = {network[0]: network for network in (BLOCKS, DIAGONAL)}


def status(field):
    """A line of /proc/self/status, in bytes."""
    return 1024 * int(re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])


def growth_step(side, network, size, batch, threads):
    """A training step of one side."""
    subject, x = growing(NETWORKS[network], size, batch, threads)
    if side == OURS:
        return partial(fresh(*subject).loss_and_grads, x)
    import torch

    from .torch_calls import Step
    torch.set_num_threads(threads)
    return Step(side, subject, x)


def main(side, network, *numbers):
    size, batch, threads = map(int, numbers)
    growth_step(side, network, 8, 2, threads)()
    step = growth_step(side, network, size, batch, threads)
    with suppress(OSError):     # the peak so far is forgotten; where that is forbidden, imports count if they needed more
        Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    step()
    step()
    print(status("VmHWM") - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
