"""The figures as Markdown tables, with the machine that they were measured on."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

from minipixel.backend import device_module

from .subjects import OURS

HEAD = {
    "conv": "Masked convolution: forward and backward",
    "training": "Training step: forward and backward of the mean nats, without optimiser",
    "sampling": "Sampling: cached, against one full forward a pixel",
    "growth": "Growth: a training step on larger images and batches",
    "recurrent": "Recurrences: forward and backward of a layer",
    "spatial-lstm": "Spatial LSTM over the image: forward and backward of a layer",
    "mcgsm": "MCGSM: mean log-density and the gradients of all parameters",
    "recurrent-growth": "Growth of a recurrence: a training step on larger images",
}
PYTORCH_MALLOC = {False: "PyTorch has malloc as it comes, as its users do",
                  True: "and so does PyTorch here (--same-malloc), which its users' processes do not"}


def machine(device):
    """What the figures depend on."""
    about = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", about.read_text()) if about.exists() else None
    return {"processor": model[1] if model else platform.processor(), "cores": os.cpu_count(), "gpu": gpu(device),
            "python": platform.python_version(), "numpy": version("numpy"), "torch": version("torch")}


def gpu(device):
    """The GPU by name, with CuPy's version; None where both sides compute on the CPU."""
    if device == "cpu":
        return None
    cupy = device_module(device)
    return f"{cupy.cuda.runtime.getDeviceProperties(0)['name'].decode()}, CuPy {cupy.__version__}, TF32 off on both sides"


def heading(settings):
    about = machine(settings.device)
    return (f"{about['gpu'] or 'CPU'}; {about['processor']}, {about['cores']} cores; NumPy {about['numpy']}, "
            f"PyTorch {about['torch']}; "
            f"{settings.threads} threads each; float32 where a row says nothing else; median of {settings.repeats} pairs. "
            "A ratio is PyTorch's time over minipixel's. Each has a process of its own: "
            f"minipixel asks malloc to keep freed memory, {PYTORCH_MALLOC[settings.same_malloc]}.")


def tables(name, rows):
    """The table of one benchmark."""
    lines = [f"### {HEAD[name]}", "",
             "| case | parameters | multiply-adds a pixel | minipixel | usual PyTorch | ratio | strongest PyTorch | ratio |",
             "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        cells = [milliseconds(row["sides"][OURS])]
        for form in ("usual", row["strongest"]) if row["strongest"] else ():
            side = row["sides"][form]
            cells += [milliseconds(side) + f" ({form})" * (form != "usual" or len(cells) > 1), ratio(side)]
        lines.append(f"| {row['case']} | {row['parameters']:,} | {row['multiply_adds_per_pixel']:,} "
                     f"| {' | '.join(cells + ['-'] * (5 - len(cells)))} |")
    worst = max(row["largest_difference"] for row in rows)
    if worst:
        lines += ["", f"Equal first: |difference| / |array| at most {worst:.0e} in float32. "
                  "In brackets: the quartiles of the ratio."]
    lines += sorted({f"{row['note']}." for row in rows if row["note"]})
    if "growth" in name:
        lines += ["", *growth_table(rows)]
    return "\n".join(lines)


def growth_table(rows):
    """The same rows per pixel, with memory."""
    sides = list(rows[0]["sides"])
    lines = [f"| size, batch | {' | '.join(f'{side}: us a pixel, MB, kB a pixel' for side in sides)} |",
             f"|{'---|' * (len(sides) + 1)}"]
    for row in rows:
        pixels = row["batch"] * row["size"] ** 2
        cells = [f"{1e6 * side['seconds_per_pixel']:.2f}, {memory(side['peak_bytes'], pixels)}"
                 for side in row["sides"].values()]
        lines.append(f"| {row['size']}x{row['size']}, {row['batch']} | {' | '.join(cells)} |")
    return [*lines, "", "Memory: peak of the resident memory (VmHWM) in a fresh process, less what it held before the step; "
            "PyTorch has malloc as it comes there. "
            "At most 5 pairs a row. minipixel's shards hold at least one image each, and there are as many at a time as "
            "threads: a batch of one shard (28x28, up to 4 images) runs on one thread."]


def memory(peak, pixels):
    return "-, -" if peak is None else f"{peak / 1e6:.0f}, {peak / 1e3 / pixels:.1f}"


def milliseconds(side):
    return f"{1e3 * side['seconds']:,.{1 if side['seconds'] < 1 else 0}f} ms"


def ratio(side):
    low, high = side["ratio_quartiles"]
    digits = 0 if side["ratio"] >= 100 else 2
    return f"{side['ratio']:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"
