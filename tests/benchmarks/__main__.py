"""The benchmarks by hand: see the package's docstring."""

import argparse
import sys
import time
from dataclasses import asdict

from minipixel.files import write_json

from .cases import BENCHMARKS, Settings
from .process import TorchProcess
from .report import heading, machine, tables


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="minipixel beside PyTorch")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--repeats", type=int, default=Settings.repeats)
    parser.add_argument("--threads", type=int, default=Settings.threads, help="of each side")
    parser.add_argument("--device", choices=("cpu", "gpu"), default=Settings.device, help="of both sides")
    parser.add_argument("--batch", type=int, help="images of a row, where its benchmark does not ask for a batch of its own")
    parser.add_argument("--no-compile", action="store_true", help="without torch.compile, which takes half a minute a case")
    parser.add_argument("--same-malloc", action="store_true", help="PyTorch's process, too, asks malloc to keep freed memory")
    parser.add_argument("--tiny", action="store_true", help="the smallest shapes: does everything run?")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args(argv)
    for name in set(arguments.names) - set(BENCHMARKS):
        parser.error(f"unknown benchmark {name!r}: there are {', '.join(BENCHMARKS)}")
    settings = Settings(arguments.repeats, arguments.threads, not arguments.no_compile, arguments.same_malloc,
                        arguments.tiny, arguments.device, arguments.batch)
    print(heading(settings), flush=True)
    results = {}
    with TorchProcess(settings.threads, settings.same_malloc, settings.device) as pytorch:
        for name in arguments.names or BENCHMARKS:
            start = time.perf_counter()
            results[name] = list(BENCHMARKS[name](settings, pytorch))
            print(f"\n{tables(name, results[name])}", flush=True)
            print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    if arguments.json:
        write_json(arguments.json, {"machine": machine(settings.device), "settings": asdict(settings), "results": results})


if __name__ == "__main__":
    main()
