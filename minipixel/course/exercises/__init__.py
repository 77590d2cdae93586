"""The exercises of each chapter: a file or folder for each, named like the chapter, with a tuple EXERCISES."""

import importlib
import pkgutil
from collections.abc import Callable
from typing import NamedTuple


class Exercise(NamedTuple):
    """judge(**functions) -> what is wrong, "" if nothing is. It gets the student's `function`, and of `builds_on`, functions of
    earlier exercises, those that were judged right. Exceptions of the student's code may pass through."""

    number: int
    function: str
    judge: Callable
    builds_on: tuple = ()


def exercises_of(chapter):
    """The exercises of a chapter, by name; ValueError when there is no such chapter."""
    chapters = [module.name for module in pkgutil.iter_modules(__path__)]
    if chapter not in chapters:
        raise ValueError(f"unknown chapter {chapter!r}: this version of minipixel judges {', '.join(chapters)}")
    return importlib.import_module(f"{__name__}.{chapter}").EXERCISES
