"""python -m tests.benchmarks.memory SIDE SIZE BATCH THREADS: bytes of resident memory that a training step needs at its peak.

In a process of its own: VmHWM (the peak) after two steps at the asked size, less VmRSS after a step on images of 8x8,
by which everything is imported, started and allocated once.
"""

import re
import sys
from contextlib import suppress
from pathlib import Path

from .cases import growth_step


def status(field):
    """A line of /proc/self/status, in bytes."""
    return 1024 * int(re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])


def main(side, *numbers):
    size, batch, threads = map(int, numbers)
    growth_step(side, 8, 2, threads)()
    step = growth_step(side, size, batch, threads)
    with suppress(OSError):     # the peak so far is forgotten; where that is forbidden, imports count if they needed more
        Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    step()
    step()
    print(status("VmHWM") - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
