"""Shards in threads: in order, with one BLAS thread each, and without threads where there are none."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from minipixel.threads import blas, cores, run_shards


def blas_threads():
    return [library["num_threads"] for library in blas().info() if library["user_api"] == "blas"]


@pytest.mark.parametrize("threads", [None, 1, 2, 3, 8])
def test_results_come_in_the_order_of_the_shards(threads):
    def slow_first(k):
        time.sleep(0.01 * (k == 0))
        return k * k
    assert list(run_shards(slow_first, range(9), threads)) == [k * k for k in range(9)]


def test_threads_work_side_by_side():
    meeting = threading.Barrier(3, timeout=10)
    assert sorted(run_shards(lambda k: meeting.wait(), [0, 1, 2], 3)) == [0, 1, 2]


def test_no_shards_no_results():
    assert list(run_shards(lambda k: k, [], 4)) == []
    assert cores() >= 1


@pytest.mark.parametrize("threads", [1, 2])
def test_blas_has_one_thread_inside_and_its_own_number_again_after(threads):
    with blas().limit(limits=2):
        before = blas_threads()
        assert list(run_shards(lambda k: set(blas_threads()) <= {1}, [1, 2], threads)) == [True, True]
        assert blas_threads() == before
        next(abandoned := run_shards(lambda k: k, [1, 2], threads))
        abandoned.close()
        assert blas_threads() == before


@pytest.mark.parametrize("threads", [1, 2])
def test_a_mistake_in_a_shard_is_the_callers(threads):
    with pytest.raises(ZeroDivisionError):
        list(run_shards(lambda k: 1 / k, [1, 0, 2], threads))


@pytest.mark.parametrize("started", [0, 1])
def test_without_threads_one_after_the_other(monkeypatch, started):
    """A browser's Python starts none; a full machine may start the first and not the second."""
    submit, calls = ThreadPoolExecutor.submit, []

    def refuse(pool, function, shard):
        calls.append(shard)
        if len(calls) > started:
            raise RuntimeError("can't start new thread")
        return submit(pool, function, shard)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    assert list(run_shards(lambda k: k + 1, [1, 2, 3], 2)) == [2, 3, 4]
