"""Shards in processes: forked copies of this one, each with a model of its own for its share of the shards.

Threads meet at every NumPy call, since the interpreter belongs to one of them at a time. Calls on a few thousand numbers, of
which a recurrence is made, are then slower in two threads than in one. Processes do not meet. They are told the
parameters at each call, which costs little beside a pass over images. So trainings and evaluations of many images are
surrounded by `processes`; single calls are left to threads, which need no preparation.
"""

import os
import signal
import sys
from contextlib import contextmanager, suppress
from multiprocessing import current_process
from threading import RLock, get_ident

import numpy as np

from minipixel.threads import cores, keep_freed_memory, one_blas_thread, run_shards

FORKING, PIPES = RLock(), set()     # this process's ends of all pipes: of other threads' workers, too
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=FORKING.acquire, after_in_parent=FORKING.release, after_in_child=FORKING.release)


@contextmanager
def processes(model, *alike, most=None):
    """Inside the block, the calls of `model`, and of models `alike` in all but their parameters, run in processes.

    As many as the model has threads, this one included, and at most `most`. Where processes cannot be forked safely
    (Windows, macOS), in a process that may have no children (of a pool), on a GPU, inside such a block and for one thread
    nothing changes. Calls from other threads of this process go on in threads.
    """
    count, forks = min(model.threads or cores(), most or sys.maxsize), sys.platform.startswith("linux")
    if model.workers is not None or count == 1 or model.xp is not np or not forks or current_process().daemon:
        yield
        return
    workers = Workers(model, count)
    try:
        for one in (model, *alike):
            one.workers = workers
        yield
    except BaseException:       # what they still work at is asked for no more
        workers.end()
        raise
    finally:
        for one in (model, *alike):
            one.workers = None
        workers.close()


def each(model, function, shards, *further):
    """Yield function(model, shard, *further) for each shard, in order: in processes inside `processes`, else in threads."""
    workers = model.workers
    if workers is None or workers.thread != get_ident():
        return run_shards(lambda shard: function(model, shard, *further), shards, model.threads)
    return workers.map(model, [(function, shard, *further) for shard in shards])


class Workers:
    """`count` processes, this one included, each with a model of its own, that call functions of it for a list of requests.

    The k-th process takes requests k, k + count, ...; the answers come back in the order of the requests.
    """

    def __init__(self, model, count):
        from multiprocessing import get_context
        keep_freed_memory()
        fork = get_context("fork")
        self.pipes, self.processes, self.thread = [], [], get_ident()
        with FORKING:
            for _ in range(count - 1):
                ours, its = fork.Pipe()
                self.pipes.append(ours)
                PIPES.add(ours)
                self.processes.append(fork.Process(target=serve, args=(model, its, list(PIPES)), daemon=True))
                self.processes[-1].start()
                its.close()

    def map(self, model, requests):
        """Yield function(model, *arguments) for each request (function, *arguments), in order. Mistakes are raised here."""
        count = 1 + len(self.pipes)
        busy = self.pipes[:max(0, len(requests) - 1)]
        try:
            for k, pipe in enumerate(busy, 1):
                pipe.send((list(model.saved.values()), requests[k::count]))
            with one_blas_thread():
                own = answer(model, requests[::count])
            answers = [own, *[pipe.recv() for pipe in busy]]
        except (EOFError, ConnectionError):
            raise OSError("a worker process has ended before its work was done: is the memory too small?") from None
        for found in answers:
            if isinstance(found, Exception):
                raise found
        for k in range(len(requests)):
            yield answers[k % count][k // count]

    def end(self):
        for process in self.processes:
            process.terminate()

    def close(self):
        with FORKING:       # or a child would be forked with an end that is about to be closed
            PIPES.difference_update(self.pipes)
            for pipe in self.pipes:
                pipe.close()
        for process in self.processes:
            process.join()


def serve(model, pipe, others):
    """The life of a forked process. It ends when the other end of its pipe is closed, also by a kill."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    for other in others:
        other.close()  # or a pipe would stay open as long as a brother, or another thread's process, lives
    with one_blas_thread(), suppress(EOFError, OSError):
        while True:
            values, requests = pipe.recv()
            for live, value in zip(model.saved.values(), values, strict=True):
                live[...] = value
            pipe.send(answer(model, requests))
    os._exit(0)  # nothing is left to tidy up


def answer(model, requests):
    """What the model answers to the requests, or the mistake that was made: it is raised when all have answered."""
    try:
        return [function(model, *arguments) for function, *arguments in requests]
    except Exception as mistake:
        return mistake
