"""The meter counts what really happens: beside numbers that count their own products, and beside Python's memory tracer."""

import tracemalloc

import numpy as np
import pytest
from loops import Number
from subjects_recurrent import ALGORITHMS, hard_run

from minipixel.recurrent import back_propagation, real_time_bptt, rtrl
from minipixel.recurrent.counting import Meter
from minipixel.recurrent.examples import random_run


def counted(algorithm, given, **options):
    meter = Meter()
    return meter, algorithm(*meter.watch(*given), **options)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_multiply_adds_are_those_of_the_nested_loops(name):
    algorithm, depths, looped = ALGORITHMS[name]
    given = hard_run(12, n=3, m=2, T=7)
    meter, _ = counted(algorithm, given, **depths)
    Number.products = 0
    looped(*given, False, **depths)
    assert meter.operations == Number.products


@pytest.mark.parametrize("name", ALGORITHMS)
def test_counting_changes_no_number(name):
    algorithm, depths, _ = ALGORITHMS[name]
    given = hard_run(13)
    before = [array.copy() for array in given]
    _, dW = counted(algorithm, given, **depths, teacher_forcing=True)
    np.testing.assert_array_equal(dW, algorithm(*given, **depths, teacher_forcing=True))
    for array, old in zip(given, before):
        np.testing.assert_array_equal(array, old)


def test_everything_is_let_go_at_the_end():
    meter, dW = counted(rtrl, hard_run(14))
    assert meter.peak > 4 * 4 * 7 and meter.held == 0 and dW.shape == (4, 7)


def test_memory_of_back_propagation_is_what_pythons_tracer_sees(monkeypatch):
    """At the start of the last sweep there are the moments, in which one of the arrays has a byte a number, and dW."""
    n, T = 6, 9
    given = random_run(n, n - 2, T, 0)
    seen, sweep = [], back_propagation.sweep

    def watching(W, moments, errors):
        snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)])
        seen.append((sum(trace.size for trace in snapshot.traces), meter.held, len(moments)))
        return sweep(W, moments, errors)

    monkeypatch.setattr(back_propagation, "sweep", watching)
    meter = Meter()
    arrays = meter.watch(*given)
    tracemalloc.start()
    try:
        real_time_bptt(*arrays)
    finally:
        tracemalloc.stop()
    for size, held, moments in seen:
        assert held == moments * (3 * n + (n + n - 2))
        assert size == 8 * (held - moments * n) + moments * n + 8 * given[0].size


def test_memory_of_rtrl_is_what_pythons_tracer_sees():
    given = random_run(48, 48, 3, 0)  # so large that W, its gradient and NumPy's own buffer of 8,192 numbers are small
    meter, _ = counted(rtrl, given)
    tracemalloc.start()
    try:
        rtrl(*given)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / 8 == pytest.approx(meter.peak, rel=0.05)


def test_products_and_memory_of_a_small_computation():
    meter = Meter()
    W, v = meter.watch(np.ones((3, 5)), np.ones(5))
    product = W @ v                         # 15 multiply-adds, 3 numbers
    assert (meter.operations, meter.held) == (15, 3)
    view = product[:2]
    product = product * 2 + 1               # 3; the sum is free
    assert (meter.operations, meter.held, meter.peak) == (18, 6, 9)
    del view
    assert meter.held == 3
    product *= product                      # in place
    assert (meter.operations, meter.held) == (21, 3)
    assert (product @ product, meter.operations) == (3 * 121.0**2, 24)
    held = np.concatenate([product, v]), W * 2, W[0]
    assert (meter.held, meter.operations) == (3 + 8, 24 + 15) and len(held) == 3
