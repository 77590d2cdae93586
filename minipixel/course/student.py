"""A student's file: its code cells, and the functions that an exercise asks for, made from only what they need.

Of a notebook, nothing is run but the statements that the asked functions are made of: their definitions, and whatever binds a
name that they use (imports, helpers, constants) or fills what it names (TABLE[..] = .., CASES.append(..)), in the order of the
file. A training further down is not started, and a mistake elsewhere in the notebook is not in the way.
"""

import ast
import builtins
import re
import symtable
import traceback
from pathlib import Path
from typing import NamedTuple

from minipixel.files import read_json

CHAPTER = re.compile(r"^# chapter: (\w+)\s*$", re.MULTILINE)
MAGIC = re.compile(r"^[ \t]*(?:[%!?].*|[\w.]+\?{1,2}[ \t]*)$", re.MULTILINE)
MARK = re.compile(r"# ?%%|# In ?\[|# \+")      # percent format, nbconvert's, jupytext's light one


class Cell(NamedTuple):
    """A piece of code; `place` and `first_line` tell a reader where a line of it stands."""

    place: str
    first_line: int
    source: str


class Statement(NamedTuple):
    """A statement at the top of a cell: the names that it binds, those whose things it changes, and those that it uses."""

    place: str
    node: ast.stmt
    binds: set
    changes: set
    uses: set


def read(path):
    """The chapter that a file belongs to, and its code cells; ValueError in one line when it is no file of a chapter."""
    path = Path(path)
    if path.suffix not in (".ipynb", ".py"):
        raise ValueError(f"check expects a notebook .ipynb or a script .py, got {path}")
    if not path.is_file():
        raise ValueError(f"check finds no file {path}")
    cells = notebook_cells(path) if path.suffix == ".ipynb" else script_cells(path)
    chapter = CHAPTER.search("\n".join(cell.source for cell in cells))
    if not chapter:
        raise ValueError(f"{path} is no chapter of the course: none of its code has the line '# chapter: NAME'")
    return chapter[1], cells


def notebook_cells(path):
    """The code cells of an .ipynb file; they are counted from 1."""
    notebook = read_json(path)
    try:
        sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    except (TypeError, KeyError):
        raise ValueError(f"{path} is not a notebook: it has no list of cells in the form of version 4") from None
    return [Cell(f"code cell {number}", 1, source) for number, source in enumerate(sources, start=1)]


def script_cells(path):
    """The cells of a .py file, begun by lines `# %%` or a like mark; of one without such lines, the whole file."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()      # the Notepad of Windows begins a file with a mark
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}") from None
    starts = [0] + [k for k, line in enumerate(lines) if k and MARK.match(line)] + [len(lines)]
    return [Cell(path.name, start + 1, "\n".join(lines[start:end]) + "\n") for start, end in zip(starts, starts[1:])]


class Missing(Exception):
    """The file lacks a function that an exercise asks for."""


def define(cells, names):
    """{name: the student's function}, and {name: error} of what could not be made beside them.

    A name that an unfinished function does not bind yet looks like one of the file's: a statement further down that binds it
    may call other exercises, and whether it fails says nothing of this one. Raises what the student's code raises where it
    makes the functions; Missing for a name that is not there.
    """
    statements, broken = [], []
    for cell in cells:
        try:
            statements += statements_of(cell)
        except (SyntaxError, ValueError) as error:
            broken.append((cell, error))
    space, unmade = {"__name__": "chapter"}, {}
    for statement in needed(statements, names, broken):
        try:
            exec(compile(ast.Module([statement.node], []), statement.place, "exec"), space)
        except (Exception, SystemExit) as error:
            unmade |= dict.fromkeys(statement.binds | statement.changes, error)
    for name in names:
        if name in unmade:
            raise unmade[name]
        if name not in space:
            raise Missing(f"the file defines no {name}: was it renamed, or its cell deleted?")
    return {name: space[name] for name in names}, unmade


def statements_of(cell):
    """The statements of a cell; IPython's own lines (%matplotlib, !pip) are left out where Python cannot read them."""
    try:
        tree = ast.parse(cell.source, cell.place)
    except SyntaxError:
        tree = ast.parse(MAGIC.sub("", cell.source), cell.place)
    found = []
    for node in ast.increment_lineno(tree, cell.first_line - 1).body:
        table = symtable.symtable(ast.unparse(node), cell.place, "exec")
        binds = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
        found.append(Statement(cell.place, node, binds, set(changed(node)), set(used(table))))
    return found


def changed(node):
    """The names whose things a statement changes in place: X[..] = .., X.a = .., X.method(..) alone; in loops as well."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        targets = [node.value.func]
    for target in targets:
        outermost = target
        while isinstance(target, (ast.Subscript, ast.Attribute)):
            target = target.value
        if isinstance(target, ast.Name) and target is not outermost:
            yield target.id
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.stmt, ast.excepthandler)):
            yield from changed(child)


def used(table):
    """The global names that a piece of code uses, in functions inside it as well."""
    for symbol in table.get_symbols():
        counted = symbol.is_declared_global() and symbol.is_assigned()      # COUNT += 1 needs the COUNT of before
        if counted or symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module"):
            yield symbol.get_name()
    for child in table.get_children():
        yield from used(child)


def needed(statements, names, broken):
    """The statements that `names` are made of, in order; raises a broken cell's error where a missing name stands in it."""
    chosen = {k for k, statement in enumerate(statements) if is_star_import(statement.node)}
    modules = {name for statement in statements if isinstance(statement.node, (ast.Import, ast.ImportFrom))
               for name in statement.binds}     # np.testing.assert_allclose(..) changes nothing
    wanted, seen = list(names), set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        makers = {k for k, statement in enumerate(statements) if name in statement.binds}
        if not makers and not hasattr(builtins, name):
            for cell, error in broken:
                if re.search(rf"\b{name}\b", cell.source):
                    if isinstance(error, SyntaxError) and error.lineno:
                        error.lineno += cell.first_line - 1
                    raise error
        if name not in modules:
            makers |= {k for k, statement in enumerate(statements) if name in statement.changes}
        for k in makers - chosen:
            wanted += statements[k].uses
        chosen |= makers
    return [statements[k] for k in sorted(chosen)]


def calls(cells, name):
    """The names that a function of the file uses, itself or by way of other functions of the file."""
    statements = [statement for cell in cells for statement in statements_of(cell)]
    uses = {s.node.name: s.uses for s in statements if isinstance(s.node, (ast.FunctionDef, ast.ClassDef))}
    found, ahead = set(), [name]
    while ahead:
        new = uses.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return found


def is_star_import(node):
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def describe(error, cells):
    """An exception of the student's code in one line: where, what, and the line of code."""
    places = {cell.place for cell in cells}
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__) if frame.filename in places]
    what = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if isinstance(error, Missing):
        what = str(error)
    elif isinstance(error, SyntaxError) and error.filename in places:
        frames, what = [(error.filename, error.lineno)], f"{type(error).__name__}: {error.msg}"
    place, line = frames[-1] if frames else (None, None)
    code = code_at(cells, place, line)
    where = f"{place}, line {line}: " if place else ""
    return where + what + (f", at `{code}`" if code else "") + "".join(f" ({note})" for note in getattr(error, "__notes__", []))


def code_at(cells, place, line):
    """The text of a line of a place; None where there is none."""
    for cell in cells:
        lines = cell.source.splitlines()
        if cell.place == place and line and cell.first_line <= line < cell.first_line + len(lines):
            return lines[line - cell.first_line].strip()
    return None
