"""Read the names and signatures that the real CuPy has, for the stand-in: writes cupy_names.json beside this file.

Run once for each new CuPy, in an environment that has it; no GPU is needed, since nothing is computed:

    pip install 'cupy-cuda13x>=14,<15'
    python tests/read_cupy_names.py

The table: `version`; `numpys`, the names for which CuPy hands out NumPy's own object (dtypes, constants); `functions`,
`ufuncs` and `methods`, name -> parameters, written as Python writes them (a default reads `...`, whatever it is: the
table says what may be passed, NumPy does the computing); `attributes` of an array; `reduce` and `at`, the ufuncs that
have these methods; `absent`, what NumPy has and CuPy has not.
"""

import inspect
import json
import operator
import re
from pathlib import Path

import cupy
import numpy as np

SUBMODULES = ("linalg", "lib.stride_tricks")

# Said as **kwargs, checked inside: read off the source of cupy.linalg._einsum.
SAID_INSIDE = {"einsum": "*operands, dtype=..., optimize=..."}


def parameters(function):
    """The parameters of `function` as text: from its signature, or its docstring's first line where it is compiled."""
    try:
        text = str(inspect.signature(function).replace(return_annotation=inspect.Signature.empty))
    except (ValueError, TypeError):
        # 'name(self, int axis=-1) -> type', and for two results 'modf(x[, out1, out2], / [, out=(None, None)], ...'.
        text = (function.__doc__ or "()").partition("\n")[0].partition("->")[0].replace("\\*", "*")
        text = text.replace("[, out1, out2], / [, out=(None, None)]", ", /, out=None").strip()
        text = text[text.index("("):]
    return plain(text)


def plain(text):
    """'(self, int axis=-1, *, dtype: X = <y>)' -> 'axis=..., *, dtype=...': no types, no values, no self."""
    inner = re.sub(r"<[^>]*>|'[^']*'|\"[^\"]*\"|\([^()]*\)", "X", text.strip()[1:-1])
    words = []
    for word in filter(None, (part.strip() for part in inner.split(","))):
        name, default = re.match(r"([^=:]*)[^=]*(=?)", word).groups()
        name = name.split()[-1]
        if name not in ("self", "cls"):
            words.append(name + ("=..." if default else ""))
    return ", ".join(words)


def public(owner):
    return [(name, getattr(owner, name)) for name in sorted(dir(owner)) if not name.startswith("_")]


def supports_reduce(ufunc):
    """CuPy says at the call, before it touches the data, that most ufuncs have no reduce."""
    try:
        ufunc.reduce(np.zeros(2))
    except NotImplementedError:
        return False
    return True


def read():
    table = {"version": cupy.__version__, "numpys": [], "functions": {}, "ufuncs": {}, "reduce": [], "at": []}
    for name, value in public(cupy):
        if hasattr(np, name) and value is getattr(np, name):
            table["numpys"].append(name)
        elif isinstance(value, cupy.ufunc):
            table["ufuncs"][name] = parameters(value)
            table["reduce"] += [name] * supports_reduce(value)
            table["at"] += [name] * bool(value._scatter_op)
        elif callable(value) and not isinstance(value, type):
            table["functions"][name] = SAID_INSIDE.get(name) or parameters(value)
    for module in SUBMODULES:
        for name, value in public(operator.attrgetter(module)(cupy)):
            if inspect.isfunction(value):
                table["functions"][f"{module}.{name}"] = parameters(value)
    members = public(cupy.ndarray)
    table["methods"] = {name: parameters(value) for name, value in members if callable(value)}
    table["attributes"] = [name for name, value in members if not callable(value)]
    table["absent"] = [name for name, value in public(np) if callable(value) and not hasattr(cupy, name)]
    return table


if __name__ == "__main__":
    path = Path(__file__).with_name("cupy_names.json")
    path.write_text(json.dumps(read(), indent=1) + "\n")
    print(f"CuPy {cupy.__version__}: wrote {path}")
