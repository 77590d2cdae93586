"""The press: a chapter's source (jupytext percent, prose and answers) becomes the notebook that a student opens.

An answer stands between two marks, and what follows the first mark is what the student is told instead:

    # <answer> exercise 2: add up the taps, each with one product
    y = ...
    # </answer>

The student's notebook has `raise NotImplementedError("exercise 2: ...")` in its place. Everything around the marks stays: the
docstring, hints, the line that packs the cache. Printing is a function of the source alone, byte for byte.
"""

import json
import re

from minipixel.files import replacing

OPEN, CLOSE = re.compile(r"( *)# <answer> (.+)"), re.compile(r" *# </answer>")


def student(source):
    """The text of the student's notebook (.ipynb) of a chapter's source text: no answers, no outputs."""
    return _notebook(without_answers(source))


def solved(source):
    """The text of the notebook with the answers in it: for the tests, which execute it."""
    return _notebook("\n".join(line for line in source.split("\n") if not (OPEN.fullmatch(line) or CLOSE.fullmatch(line))))


def without_answers(source):
    """The source text with a `raise NotImplementedError` for each answer; ValueError where the marks do not pair up."""
    kept, opened = [], None
    for number, line in enumerate(source.split("\n"), start=1):
        opening, closing = OPEN.fullmatch(line), CLOSE.fullmatch(line)
        if "answer>" in line and not (opening or closing) or bool(opening and opened) or bool(closing and not opened):
            raise ValueError(f"line {number} of the chapter expects '# <answer> what to do' .. '# </answer>' in turn, "
                             f"got {line.strip()!r}")
        if opening:
            indent, message = opening.groups()
            kept.append(f"{indent}raise NotImplementedError({json.dumps(message, ensure_ascii=False)})")
            opened = number
        elif closing:
            opened = None
        elif not opened:
            kept.append(line)
    if opened:
        raise ValueError(f"line {opened} of the chapter opens an answer that is not closed")
    return "\n".join(kept)


def print_chapters(folder):
    """Print folder/source/*.py to folder/*.ipynb: yields (path, changed). ValueError where there is no source."""
    sources = sorted((folder / "source").glob("*.py"))
    if not sources:
        raise ValueError(f"{folder} expects the chapters' sources in {folder / 'source'}, found none")
    for source in sources:
        path, text = folder / f"{source.stem}.ipynb", student(source.read_text(encoding="utf-8"))
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        if changed:
            with replacing(path) as beside:
                beside.write_text(text, encoding="utf-8", newline="\n")
        yield path, changed


def _notebook(text):
    """Percent text to notebook text. Ids count the cells; nothing of this machine or of jupytext's version is kept."""
    import jupytext

    cells = []
    for number, cell in enumerate(jupytext.reads(text, fmt="py:percent").cells, start=1):
        own = {"execution_count": None, "outputs": []} if cell.cell_type == "code" else {}
        cells.append({"cell_type": cell.cell_type, "id": f"cell-{number:02}", "metadata": {},
                      "source": cell.source.splitlines(keepends=True), **own})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
                "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
