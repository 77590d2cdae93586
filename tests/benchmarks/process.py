"""PyTorch in a process of its own, as its users run it: what minipixel asks of malloc holds for a whole process."""

import multiprocessing
import traceback
from contextlib import suppress

from minipixel.threads import keep_freed_memory


class TorchProcess:
    """A fresh process that answers for PyTorch, one request at a time; meanwhile this process sleeps. It ends with the block.

    same_malloc: whether it asks the C library to keep freed memory, as minipixel does; device: where it computes.
    """

    def __init__(self, threads, same_malloc, device="cpu"):
        self.settings = threads, same_malloc, device

    def __enter__(self):
        spawning = multiprocessing.get_context("spawn")
        self.pipe, its_end = spawning.Pipe()
        self.process = spawning.Process(target=serve, args=(its_end, *self.settings))
        self.process.start()
        its_end.close()
        self.answer()   # PyTorch is imported: it no longer takes time from what is measured here
        return self

    def __exit__(self, *error):
        self.pipe.close()
        self.process.join(10)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join()

    def restart(self):
        """A fresh process: malloc adapts to what was freed, so no case may profit from the checks and cases before it."""
        self.__exit__()
        self.__enter__()

    def make(self, form, kind, *arguments):
        """Make a side there, of the kinds of `Sides`; its arrays, to be compared."""
        return self.ask("make", form, kind, *arguments)

    def seconds(self, form, calls):
        """How long so many calls of a side take, by the clock of its own process."""
        return self.ask("seconds", form, calls)

    def ask(self, *request):
        """RuntimeError with the traceback of what went wrong there."""
        with suppress(ConnectionError):     # of a process that has ended
            self.pipe.send(request)
        return self.answer()

    def answer(self):
        try:
            answer, wrong = self.pipe.recv()
        except (EOFError, ConnectionError):
            raise RuntimeError("PyTorch's process has ended") from None
        if wrong:
            raise RuntimeError(f"in PyTorch's process:\n{wrong}")
        return answer


def serve(pipe, threads, same_malloc, device):
    """Answer requests (method of Sides, arguments) with (what it returned, None) or (None, traceback), to the pipe's end.

    The first answer, unasked, says that it is there.
    """
    if same_malloc:
        keep_freed_memory()
    with suppress(EOFError, ConnectionError, KeyboardInterrupt):
        from .torch_calls import Sides  # not above: minipixel's process has no PyTorch in it

        sides = Sides(threads, same_malloc, device)
        pipe.send((None, None))
        while True:
            method, *arguments = pipe.recv()
            try:
                answer = getattr(sides, method)(*arguments), None
            except Exception:
                answer = None, traceback.format_exc()
            pipe.send(answer)
