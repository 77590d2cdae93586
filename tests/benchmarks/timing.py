"""Taking turns: each repeat runs every side once, so that what disturbs the machine disturbs all of them."""

import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

WAIT = 0.06     # s between sides: idle BLAS and OpenMP workers go on spinning for up to 50 ms and slow the next side down
LEAST = 0.1     # s that one measurement takes: short calls are repeated within it
ROOT = Path(__file__).parents[2]


def seconds_of(side, calls, finish=lambda: None):
    """How long so many calls take; finish: returns when the device has done what it was told."""
    finish()
    start = time.perf_counter()
    for _ in range(calls):
        side()
    finish()
    return time.perf_counter() - start


def take_turns(clocks, repeats, least=LEAST):
    """Seconds of one call of each side, {name: [repeats]}: in turns, the order reversed at every other repeat.

    clocks: {name: a function from a number of calls to the seconds that they take, in whatever process}
    """
    calls = {name: calls_within(clock, least) for name, clock in clocks.items()}
    seconds = {name: [] for name in clocks}
    for repeat in range(repeats):
        for name in list(clocks)[::-1 if repeat % 2 else 1]:
            time.sleep(WAIT)
            seconds[name].append(clocks[name](calls[name]) / calls[name])
    return seconds


def calls_within(clock, least):
    """How many calls of a side fill `least` seconds: from its second call, for the first one warms it up."""
    clock(1)
    return max(1, math.ceil(least / clock(1)))


def compared(seconds, ours="minipixel"):
    """{side: median seconds, and for every other side the median and the quartiles of its time over ours, pair by pair}"""
    table = {}
    for name, times in seconds.items():
        table[name] = {"seconds": statistics.median(times)}
        if name != ours:
            ratios = sorted(theirs / own for theirs, own in zip(times, seconds[ours], strict=True))
            low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
            table[name] |= {"ratio": middle, "ratio_quartiles": [low, high]}
    return table


def peak_growth(side, network, size, batch, threads):
    """Bytes that a training step adds to the resident memory of a fresh process at its peak; None outside Linux."""
    if not os.path.exists("/proc/self/status"):
        return None
    command = [sys.executable, "-m", "tests.benchmarks.memory", side, network, str(size), str(batch), str(threads)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)
