"""NAME=VALUE words of `--set`."""

from minipixel.models import options_of, unknown
from minipixel.training.recipe import SETTINGS


def split_settings(model, words):
    """NAME=VALUE words, parted into the model's options and the training's settings."""
    known = options_of(model)
    options, settings = {}, {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise ValueError(f"--set expects NAME=VALUE, got {word!r}")
        if name not in known and name not in SETTINGS:
            raise ValueError(unknown("setting", name, [*known, *SETTINGS]))
        (options if name in known else settings)[name] = read_value(value)
    return options, settings


def read_value(word):
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            pass
    return word
