"""`minipixel models` and `minipixel data`: what there is, in one table each."""

from minipixel.commands.result import Result, table
from minipixel.data import table as data_table
from minipixel.models import LABELLERS, MODELS, options_of
from minipixel.models.saved import shipped


def models(arguments):
    rows = [{"model": name, "options": " ".join(f"{key}={written(value)}" for key, value in options_of(name).items()),
             "source": builder.__doc__.splitlines()[0]} for name, builder in (MODELS | LABELLERS).items()]
    values = {"models": {name: options_of(name) for name in MODELS | LABELLERS}, "trained": shipped()}
    text = table(rows, ("model", "options", "source"), arguments.page)
    return Result(values, f"{text}\n\ntrained, in the package: {', '.join(shipped()) or 'none'}")


def data(arguments):
    rows = data_table()
    return Result({"data": rows}, table(rows, tuple(rows[0]), arguments.page))


def written(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
