"""The shards of a batch, side by side in threads.

NumPy lets go of the interpreter inside products and ufuncs, so threads over shards with BLAS at one thread each use the cores
better than BLAS threads do. Results come back in the order of the shards: what is added from them is the same, to
the bit, for any number of threads.
"""

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock

LOCK, INSIDE = Lock(), []       # who is inside `one_blas_thread`, and before them what restores the limit
if hasattr(os, "register_at_fork"):     # a child would wait for ever for a lock that another thread held as it was forked
    os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release)


def cores():
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_shards(function, shards, threads=None):
    """Yield function(shard) for each shard, in order; `threads` at a time (all cores if None), BLAS at one thread each."""
    keep_freed_memory()
    threads = min(threads or cores(), len(shards))
    with one_blas_thread():
        if threads <= 1:
            yield from map(function, shards)
            return
        with ThreadPoolExecutor(threads) as pool:
            try:
                results = [pool.submit(function, shard) for shard in shards]
            except RuntimeError:  # no threads can be started here (a browser's Python): one after the other
                yield from map(function, shards)
                return
            for k in range(len(results)):
                result, results[k] = results[k], None
                yield result.result()


@contextmanager
def one_blas_thread():
    """BLAS at one thread. Its limit belongs to the whole process: the first that comes in sets it, the last out restores it."""
    with LOCK:
        if not INSIDE:
            INSIDE.append(blas().limit(limits=1))
        INSIDE.append(None)
    try:
        yield
    finally:
        with LOCK:
            INSIDE.pop()
            if len(INSIDE) == 1:
                INSIDE.pop().restore_original_limits()


@cache
def blas():
    from threadpoolctl import ThreadpoolController
    return ThreadpoolController()


@cache
def small_products():
    """Whether NumPy's OpenBLAS has kernels for small matrices, which need no packed copies: it has them for AVX-512."""
    return any(library.get("architecture") in ("SkylakeX", "Cooperlake", "SapphireRapids") for library in blas().info())


@cache
def keep_freed_memory():
    """Ask glibc to keep freed arrays for the next ones: fresh pages from the system cost a training step a third of its time.

    Other C libraries have no `mallopt` and are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mmap_threshold, trim_threshold = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h
    mallopt(mmap_threshold, 1 << 30)
    mallopt(trim_threshold, (1 << 31) - 1)
