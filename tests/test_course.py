"""The course: the press prints the same bytes again, the judge tells right from wrong, the notebooks run."""

import contextlib
import functools
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import planted_answers
import planted_bilstm_answers
import planted_mcgsm_answers
import pytest

from minipixel import audit, build, order
from minipixel.course import check, press, put_into, student, verdicts
from minipixel.course.__main__ import main as course_main
from minipixel.course.exercises import exercises_of
from minipixel.course.exercises.diagonal_bilstm.context import right_missed
from minipixel.course.judge import Report
from minipixel.course.verdicts import BROKEN, NOT_STARTED, RIGHT, WRONG
from minipixel.layers import masked_conv
from minipixel.models import pixelrnn

CHAPTERS = Path(__file__).parents[1] / "chapters"
SOURCES = sorted((CHAPTERS / "source").glob("*.py"))
FIRST, SECOND, THIRD = (source.read_text(encoding="utf-8") for source in SOURCES)
EXERCISES = exercises_of("masked_convolution")
PLANTED = [("masked_convolution", FIRST, *planted) for planted in planted_answers.PLANTED]
PLANTED += [("diagonal_bilstm", SECOND, *planted) for planted in planted_bilstm_answers.PLANTED]
PLANTED += [("mcgsm", THIRD, *planted) for planted in planted_mcgsm_answers.PLANTED]
each_chapter = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)


def script(folder, text, name="mine.py"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def spoiled(function, old, new, text=FIRST):
    """A chapter's source with one change inside one function."""
    start = text.index(f"def {function}(")
    end = text.index("\n# %%", start)
    assert text[start:end].count(old) == 1, f"{old!r} stands {text[start:end].count(old)} times in {function}"
    return text[:start] + text[start:end].replace(old, new) + text[end:]


def words(report):
    return [verdict.word for verdict in report.verdicts]


# The press.

@each_chapter
def test_printing_again_changes_nothing(source):
    printed = (CHAPTERS / f"{source.stem}.ipynb").read_bytes()
    assert press.student(source.read_text(encoding="utf-8")).encode() == printed


def test_print_chapters_says_what_changed(tmp_path):
    (tmp_path / "source").mkdir()
    script(tmp_path / "source", FIRST, "01.py")
    assert list(press.print_chapters(tmp_path)) == [(tmp_path / "01.ipynb", True)]
    first = (tmp_path / "01.ipynb").read_bytes()
    assert list(press.print_chapters(tmp_path)) == [(tmp_path / "01.ipynb", False)]
    assert (tmp_path / "01.ipynb").read_bytes() == first
    assert [path.name for path in tmp_path.glob("*.*")] == ["01.ipynb"]
    assert course_main([str(tmp_path)]) == 0 and course_main([str(tmp_path / "nowhere")]) == 2
    with pytest.raises(SystemExit):
        course_main(["--help"])
    with pytest.raises(ValueError, match="found none"):
        list(press.print_chapters(tmp_path / "source"))


@each_chapter
def test_a_printed_notebook_holds_no_answer_and_no_output(source):
    text = source.read_text(encoding="utf-8")
    notebook = json.loads(press.student(text))
    code, solved = ("".join("".join(cell["source"]) + "\n" for cell in json.loads(printed)["cells"])
                    for printed in (press.student(text), press.solved(text)))
    answers = re.findall(r"# <answer> (.+)\n((?:.*\n)*?) *# </answer>", text)
    assert len(answers) == len(exercises_of(student.read(source)[0]))
    for message, lines in answers:
        assert code.count(f'raise NotImplementedError("{message}")') == 1
        assert lines not in code and lines in solved
    assert "answer>" not in code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in notebook["cells"] if "outputs" in cell)


def test_a_printed_notebook_is_valid():
    import nbformat
    for text in (printed(source) for source in (FIRST, SECOND, THIRD) for printed in (press.student, press.solved)):
        nbformat.validate(nbformat.reads(text, as_version=4))


@pytest.mark.parametrize("text", ["    # <answer> exercise 1: a\n", "# </answer>\n", "# <answer>\nx = 1\n# </answer>\n",
                                  "# <answer> exercise 1: a\n# <answer> exercise 2: b\n# </answer>\n"])
def test_marks_that_do_not_pair_up_are_refused(text):
    with pytest.raises(ValueError, match="line [12] of the chapter"):
        press.student(text)


# The judge.

def test_the_source_is_all_right_and_a_verdict_is_plain_json(tmp_path):
    report = check(CHAPTERS / "source" / "01_masked_convolution.py")
    assert report.ok and words(report) == [RIGHT] * 4, report
    assert json.loads(json.dumps(report.values))["exercises"][2]["function"] == "conv_backward"
    assert str(report).startswith("masked convolution: 4 of 4 exercises right\nexercise 1, may_read: right")


def test_the_student_notebook_is_not_started():
    report = check(CHAPTERS / "01_masked_convolution.ipynb")
    assert not report.ok and words(report) == [NOT_STARTED] * 4
    assert "exercise 3: three sums" in str(report)


@pytest.mark.parametrize("chapter, text, name, function, old, new, expected", PLANTED,
                         ids=[f"{planted[3]}, {planted[2]}" for planted in PLANTED])
def test_a_planted_mistake_is_wrong_and_named(tmp_path, chapter, text, name, function, old, new, expected):
    _, cells = student.read(script(tmp_path, spoiled(function, old, new, text)))
    exercise = next(exercise for exercise in exercises_of(chapter) if exercise.function == function)
    verdict = verdicts.judge(exercise, cells, right=())
    assert verdict.word == WRONG and expected in verdict.says, verdict


def test_the_second_chapters_source_is_all_right_and_its_notebook_is_not_started():
    report = check(CHAPTERS / "source" / "02_diagonal_bilstm.py", seconds=60)
    assert report.ok and len(report.verdicts) == 10, report
    assert words(check(CHAPTERS / "02_diagonal_bilstm.ipynb")) == [NOT_STARTED] * 10


def test_the_third_chapters_source_is_all_right_and_its_notebook_is_not_started():
    report = check(CHAPTERS / "source" / "03_mcgsm.py")
    assert report.ok and len(report.verdicts) == 9, report
    assert words(check(CHAPTERS / "03_mcgsm.ipynb")) == [NOT_STARTED] * 9


@pytest.mark.parametrize("wrong", ["gate_backward", "expert_backward", "log_sum_exp"])
def test_the_third_chapters_whole_is_judged_apart_from_its_parts(tmp_path, wrong):
    """What is brought together is right beside a part that is not started."""
    start = THIRD.index("# <answer>", THIRD.index(f"def {wrong}("))
    text = THIRD[:start] + "raise NotImplementedError(1)\n    " + THIRD[start:]
    _, cells = student.read(script(tmp_path, text))
    verdict_on = {exercise.function: verdicts.judge(exercise, cells, right=()).word for exercise in exercises_of("mcgsm")}
    assert verdict_on.pop(wrong) == NOT_STARTED
    assert set(verdict_on.values()) == {RIGHT}


def test_parts_of_the_third_chapter_may_have_caches_of_their_own(tmp_path):
    text = THIRD
    for names in ("x, bx, q, alpha, beta, b", "x, r, square, alpha, a", "g, t, log_in, log_out"):
        text = text.replace(f"    cache = {names}", f"    cache = 1, ({names})")
        text = text.replace(f"    {names} = cache", f"    _, ({names}) = cache")
    _, cells = student.read(script(tmp_path, text))
    forwards = "gate_forward", "expert_forward", "mixture_forward"
    assert {verdicts.judge(exercise, cells, forwards).word for exercise in exercises_of("mcgsm")} == {RIGHT}


def test_a_scan_whose_cache_is_overwritten_is_told_apart_from_its_backward(tmp_path):
    text = spoiled("scan_forward", "h[:, :, rows].copy(), above", "h[:, :, rows], above", SECOND)
    _, cells = student.read(script(tmp_path, text))
    forward, backward = exercises_of("diagonal_bilstm")[4:6]
    assert verdicts.judge(forward, cells, right=()).word == RIGHT
    assert "keep copies there" in verdicts.judge(backward, cells, right=("scan_forward",)).says
    assert verdicts.judge(backward, cells, right=()).word == RIGHT


def test_a_whole_scan_of_another_make_is_right(tmp_path):
    """Columns computed whole, states chosen afterwards, and a cache of its own: right all the same."""
    start, end = SECOND.index("def scan_forward("), SECOND.index("# %%\nlstm = Cell(")
    other = ("from minipixel.course.exercises.diagonal_bilstm.scans import run\n\n\n"
             "def scan_forward(a, K_ss, h0, c0, cell):\n"
             "    y, cache = run(a, K_ss, h0, c0, cell)\n"
             "    return skew(unskew(y)), cache\n\n")
    text = SECOND[:start] + other + SECOND[end:]
    _, cells = student.read(script(tmp_path, text))
    assert verdicts.judge(exercises_of("diagonal_bilstm")[4], cells, right=()).word == RIGHT


@pytest.mark.parametrize("width, reach", [(6, 3), (5, 1)])
def test_what_the_second_chapter_calls_missed_is_what_the_audit_finds(width, reach):
    def narrow(C, F, k, *given, **options):
        return masked_conv.MaskedConv(C, F, min(k, 2 * reach + 1), *given, **options)

    with put_into(pixelrnn, MaskedConv=narrow):
        model = build("diagonal-bilstm", height=3, width=width, layers=2, h=4, out=8, context="paper", dtype="float64")
    found = audit.causality(model, shape=(3, width, 1), levels=2)
    assert found.ok
    named = {((*pixel, 0), (i, j, 0)) for i in range(3) for j in range(width) for pixel in right_missed(i, j, width, reach)}
    assert {unseen[:2] for unseen in found.unseen} == named


def test_other_exercises_are_judged_beside_a_wrong_forward(tmp_path):
    report = check(script(tmp_path, spoiled("conv_forward", " + b", "")))
    assert words(report) == [RIGHT, WRONG, RIGHT, RIGHT], report


def test_a_right_backward_is_told_that_the_cache_is_at_fault(tmp_path):
    """The rows of a scan that assumes a width of T in its cache: y is right, and what the backward is handed is not."""
    text = spoiled("scan_forward", "rows_of(t, H, T - H + 1)", "rows_of(t, H, T)", SECOND)
    text = spoiled("scan_forward", "y[:, :, rows, t] = h[:, :, rows]",
                   "pixels = rows_of(t, H, T - H + 1); y[:, :, pixels, t] = h[:, :, pixels]", text)
    report = check(script(tmp_path, text))
    one = report.verdicts[5]
    assert report.verdicts[4].word == RIGHT and one.word == WRONG
    assert "works with a right cache and fails with what your scan_forward has put there" in one.says, one


@pytest.mark.parametrize("text, function, old, new, exercise", [
    (FIRST, "conv_forward", "cache = x, K, taps ", "cache = x[:, 1:], K, taps ", 2),
    (SECOND, "lstm_forward", "tanh_c = np.tanh(c)", "tanh_c = c; h_of = o * np.tanh(c)", 1),
    (THIRD, "gate_forward", "cache = x, bx, q, alpha, beta, b", "cache = x, bx, q, np.exp(alpha), beta, b", 2)])
def test_a_right_backward_beside_a_cache_of_another_form_is_told_so(tmp_path, text, function, old, new, exercise):
    text = spoiled(function, old, new, text).replace("h = o * tanh_c", "h = h_of" if "h_of" in new else "h = o * tanh_c")
    one = check(script(tmp_path, text)).verdicts[exercise]
    assert one.word in (WRONG, BROKEN) and "is right with the cache that the exercise names" in one.says, one


def test_what_the_file_counts_and_a_sum_with_further_arguments(tmp_path):
    text = spoiled("conv_forward", '"""\n    # Hint', '"""\n    global COUNT\n    COUNT += 1\n    # Hint')
    assert check(script(tmp_path, text.replace("# %%\ndef conv_forward", "# %%\nCOUNT = 0\n\n\ndef conv_forward"))).ok
    text = spoiled("log_sum_exp", "(t):", "(t, axis=(1, 2)):", THIRD)
    text = spoiled("mixture_forward", "log_sum_exp(g)", "log_sum_exp(g, axis=(1, 2))", text)
    assert check(script(tmp_path, text)).ok


def test_a_right_forward_may_have_a_cache_of_its_own(tmp_path):
    text = spoiled("conv_forward", "cache = x, K, taps ", "cache = {'x': x, 'K': K, 'taps': taps} ")
    text = text.replace("    x, K, taps = cache\n", "    x, K, taps = cache['x'], cache['K'], cache['taps']\n")
    assert check(script(tmp_path, text)).ok


def test_crashes_endless_loops_and_syntax_errors_cost_one_exercise_each(tmp_path):
    text = spoiled("may_read", "di, dj = offset", "import os\n    os._exit(3)")
    text = text.replace("    y = np.zeros((N, H, W, K.shape[2]), x.dtype) + b", "    while True:\n        pass")
    text = text.replace("    return (*offset, colour_in) <= (0, 0, colour_out)", "    return ((*offset, colour_in) <=")
    report = check(script(tmp_path, text), seconds=6)
    assert words(report) == [BROKEN, BROKEN, RIGHT, BROKEN], report
    says = [verdict.says for verdict in report.verdicts]
    assert says[0] == "the program ended with exit code 3"
    assert says[1] == "not finished after 6 seconds: an endless loop, or loops over single numbers?"
    assert re.fullmatch(r"mine\.py, line \d+: SyntaxError: .*, at `return \(\(\*offset, colour_in\) <=`", says[3])


def test_other_answers_at_fault_are_named(tmp_path):
    """An answer that calls another one which is wrong; and one with a cache of its own beside a forward that is wrong."""
    text = spoiled("conv_forward", "cache = x, K, taps", "y *= 2; cache = 0, x, K, taps")
    text = spoiled("conv_backward", "x, K, taps = cache", "zero, x, K, taps = cache", text)
    text = spoiled("may_read", 'if mask == "A"', 'if mask == "B"', text)
    text = spoiled("leaky_may_read", "return (*offset, colour_in) <= (0, 0, colour_out)",
                   'return may_read(offset, colour_in, colour_out, "B")', text)
    report = check(script(tmp_path, text))
    assert words(report) == [WRONG, WRONG, BROKEN, WRONG], report
    assert "\nnote: judged beside the library's conv_forward" in report.verdicts[2].says
    assert report.verdicts[3].says.endswith("note: leaky_may_read calls your may_read, which is not right yet")
    for notebook in CHAPTERS.glob("*.ipynb"):
        assert not any("note:" in verdict.says for verdict in check(notebook).verdicts)


def test_a_loop_in_c_is_ended_too(tmp_path):
    text = spoiled("may_read", "di, dj = offset", "sum(iter(int, 1))")
    first, *others = check(script(tmp_path, text), seconds=4).verdicts
    assert first.word == BROKEN and first.says.startswith("not finished after 4 seconds"), first
    assert [verdict.word for verdict in others] == [RIGHT] * 3


def test_what_lies_in_the_folders_around(tmp_path, monkeypatch):
    """Another student's random.py where the check is run is not imported; a helper beside the file is."""
    (tmp_path / "others").mkdir()
    (tmp_path / "mine").mkdir()
    script(tmp_path / "others", "raise RuntimeError('imported')", "random.py")
    script(tmp_path / "mine", "def twice(v):\n    return 2 * v\n", "myhelp.py")
    script(tmp_path / "mine", "raise RuntimeError('imported')", "numpy.py")
    path = script(tmp_path / "mine", spoiled("may_read", "di, dj = offset",
                                             "import random\n    from myhelp import twice\n    di, dj = offset"))
    monkeypatch.chdir(tmp_path / "others")
    report = check(path)
    assert words(report) == [RIGHT] * 4, report


def test_forged_and_repeated_verdicts_are_no_crash(tmp_path):
    forged = """import os
    for fd in range(3, 20):
        try:
            os.write(fd, b'{"number": 2, "function": "f", "word": "right", "says": ""}\\n' * 2)
        except OSError:
            pass
    di, dj = offset"""
    assert len(check(script(tmp_path, spoiled("may_read", "di, dj = offset", forged))).verdicts) == 4


@pytest.mark.parametrize("text", ["\ufeff" + FIRST, FIRST.replace("# %%", "#%%"), FIRST.replace("# %%\n", "# In[3]:\n"),
                                  FIRST.replace("# %%\n", "# %%\nnp.pad?\n", 4)])
def test_scripts_of_other_editors(tmp_path, text):
    """A byte order mark, other marks of cells, a question to IPython; and a syntax error costs the cell that it is in."""
    broken = text.replace("    di, dj = offset", "    di, dj = = offset")
    assert broken != text
    report = check(script(tmp_path, text))
    assert words(report) == [RIGHT] * 4, report
    assert words(check(script(tmp_path, broken)))[:3] == [BROKEN, RIGHT, RIGHT]


def test_what_the_students_code_prints_does_not_disturb(tmp_path):
    prints = "import os, sys\n    os.write(1, b'no line')\n    print('a', end='', file=sys.__stdout__, flush=True)\n    "
    report = check(script(tmp_path, spoiled("may_read", "di, dj = offset", f"{prints}di, dj = offset")))
    assert words(report) == [RIGHT] * 4, report


BAD = {"NameError: name 'paded' is not defined, at `y += paded[": ("conv_forward", "y += padded[", "y += paded["),
       "ModuleNotFoundError: No module named 'nowhere'": ("conv_forward", "N, H, W, C = x.shape", "import nowhere"),
       "SystemExit: ": ("conv_forward", "N, H, W, C = x.shape", "raise SystemExit"),
       "(kernel 1x1, mask B, x (2, 3, 4, 5), K (1, 5, 6), b (6,))": ("conv_forward", "N, H, W, C = x.shape",
                                                              "N, H, W, C = x.shape\n    assert len(taps) > 1"),
       "the file defines no conv_forward": ("conv_forward", "def conv_forward(", "def convolve_forward("),
       "takes 3 positional arguments": ("may_read", "colour_out, mask)", "colour_out)")}


@pytest.mark.parametrize("function, old, new, expected", [
    ("scan_forward", "K_ss[0].T @ h_left", "K_ss[0] @ h_left", "forward K_ss[r].T @ what is read"),
    ("scan_backward", "K_ss[0] @ da_t", "K_ss[0].T @ da_t", "back K_ss[r] @ da")])
def test_a_matrix_that_does_not_fit_is_told_how_it_does(tmp_path, function, old, new, expected):
    _, cells = student.read(script(tmp_path, spoiled(function, old, new, SECOND)))
    exercise = next(exercise for exercise in exercises_of("diagonal_bilstm") if exercise.function == function)
    verdict = verdicts.judge(exercise, cells, right=("scan_forward",))
    assert verdict.word == BROKEN and expected in verdict.says and "\n" not in verdict.says, verdict


@pytest.mark.parametrize("expected", BAD)
def test_an_exception_is_one_line_with_its_place(tmp_path, expected):
    function, old, new = BAD[expected]
    _, cells = student.read(script(tmp_path, spoiled(function, old, new)))
    verdict = verdicts.judge(next(e for e in EXERCISES if e.function == function), cells, right=())
    assert verdict.word == BROKEN and expected in verdict.says and "\n" not in verdict.says, verdict


def test_only_what_an_exercise_needs_is_run(tmp_path):
    cells = [student.Cell("code cell 1", 1, "%matplotlib inline\nimport math\nfrom nowhere import nothing\n"),
             student.Cell("code cell 2", 1, "FACTOR = 2\nunused = 1 / 0\n"),
             student.Cell("code cell 3", 1, "def helper(v):\n    return FACTOR * math.sqrt(v)\n"),
             student.Cell("code cell 4", 1, "def asked(v):\n    unused = v\n    return [helper(w) for w in [unused]][0]\n"),
             student.Cell("code cell 5", 1, "print(asked(4) / 0)\n!rm nothing\n"),
             student.Cell("code cell 6", 1, "def asked(v):\n    return helper(v) + 1\n")]
    assert made(cells[:5])(9) == 6
    assert made(cells)(9) == 7


def test_what_fills_a_table_is_run(tmp_path):
    """A loop that fills it, an item, an attribute, a method; not what only reads it, nor a module's functions."""
    lines = ["import math", "TABLE, CASES, unused = {}, [], []", "for k in range(3):\n    TABLE[k] = k", "CASES.append(5)",
             "math.fsum([1 / 0])", "unused.append(1 / 0)", "print(TABLE[1] / 0)",
             "def asked(v):\n    return TABLE[v] + CASES[0] + asked.offset + math.floor(0.5)", "asked.offset = 10"]
    cells = [student.Cell(f"code cell {k}", 1, line + "\n") for k, line in enumerate(lines)]
    assert made(cells)(2) == 17


def made(cells):
    functions, unmade = student.define(cells, ["asked"])
    assert not unmade
    return functions["asked"]


@each_chapter
def test_an_exercise_that_is_not_started_says_so_of_itself(source):
    """A name that it does not bind yet may be bound further down, by a line that calls other exercises."""
    report = check(CHAPTERS / f"{source.stem}.ipynb")
    for verdict in report.verdicts:
        assert verdict.word == NOT_STARTED and verdict.says.startswith(f"exercise {verdict.number}: "), report


def test_a_mistake_in_one_exercise_is_not_reported_of_those_not_started(tmp_path):
    mark = 'raise NotImplementedError(\\"exercise 3: row i moves right by i\\")'
    text = press.student(SECOND)
    assert text.count(mark) == 1
    report = check(script(tmp_path, text.replace(mark, "raise KeyError(3)"), "mine.ipynb"))
    assert words(report) == [NOT_STARTED] * 2 + [BROKEN] + [NOT_STARTED] * 7, report


def test_an_answer_that_is_spoiled_after_its_definition_is_broken(tmp_path):
    text = "# chapter: masked_convolution\ndef may_read(*given):\n    return True\n\n\nmay_read = may_read.faster\n"
    _, cells = student.read(script(tmp_path, text))
    verdict = verdicts.judge(EXERCISES[0], cells, ())
    assert verdict.word == BROKEN and "line 6: AttributeError" in verdict.says, verdict


def test_a_constant_that_cannot_be_made_is_the_reason_where_it_is_used(tmp_path):
    text = "# chapter: masked_convolution\nEARLIER = int('five')\n\n\ndef may_read(*given):\n    return EARLIER\n"
    _, cells = student.read(script(tmp_path, text))
    verdict = verdicts.judge(EXERCISES[0], cells, ())
    assert verdict.word == BROKEN and "line 2: ValueError: invalid literal for int()" in verdict.says, verdict


def notebook(*sources):
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})


def test_a_notebook_line_is_counted_in_its_cell(tmp_path):
    text = notebook("# chapter: masked_convolution", "import numpy\n\ndef may_read(*given):\n    return 1 / 0\n")
    _, cells = student.read(script(tmp_path, text, "mine.ipynb"))
    assert verdicts.judge(EXERCISES[0], cells, ()).says == \
        "code cell 2, line 4: ZeroDivisionError: division by zero, at `return 1 / 0`"


NO_CHAPTERS = {"absent.ipynb": None, "not_json.ipynb": "{", "list.ipynb": "[1]", "no_cells.ipynb": "{}",
               "cells.ipynb": '{"cells": 3}', "strange.ipynb": '{"cells": [{"cell_type": "code"}]}',
               "empty.py": "", "foreign.py": "import numpy\n", "foreign.ipynb": notebook("print(1)"),
               "unknown.py": "# chapter: alchemy\n", "package.py": "# chapter: __init__\n", "notes.txt": "hello"}


@pytest.mark.parametrize("name", NO_CHAPTERS)
def test_a_file_that_is_no_chapter_is_one_line(tmp_path, name):
    path = tmp_path / name
    if NO_CHAPTERS[name] is not None:
        script(tmp_path, NO_CHAPTERS[name], name)
    with pytest.raises(ValueError) as caught:
        check(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) > 20


def test_folders_and_bytes_are_no_chapters(tmp_path):
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00")
    for name in ("folder.py", "bytes.py"):
        with pytest.raises(ValueError, match=name):
            check(tmp_path / name)


def test_put_into_gives_back_what_it_took():
    own = order.may_read
    with pytest.raises(ZeroDivisionError), put_into(order, may_read=lambda *given: 1 / 0):
        order.live_taps(3, 3, "A", 1)
    assert order.may_read is own
    with pytest.raises(ValueError, match="minipixel.order, got 'may_write'"), put_into(order, may_write=own):
        pass


def test_a_report_with_one_wrong_verdict_is_not_ok():
    right, wrong = verdicts.Verdict(1, "f", RIGHT), verdicts.Verdict(2, "g", WRONG, "a\nb")
    assert Report("x.py", "c", [right]).ok and not Report("x.py", "c", [right, wrong]).ok
    assert str(wrong) == "exercise 2, g: WRONG\n    a\n    b"


# The notebooks, executed.

@functools.cache
def executed(text):
    """The notebook after a run up to its first error, with this very interpreter as its kernel, whatever kernels are known."""
    import nbclient
    import nbformat
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager

    with tempfile.TemporaryDirectory() as folder:
        spec = {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                "display_name": "Python 3", "language": "python"}
        (Path(folder) / "this").mkdir()
        script(Path(folder) / "this", json.dumps(spec), "kernel.json")
        manager = AsyncKernelManager(kernel_name="this", kernel_spec_manager=KernelSpecManager(kernel_dirs=[folder]))
        notebook = nbformat.reads(text, as_version=4)
        client = nbclient.NotebookClient(notebook, km=manager, timeout=120, iopub_timeout=60, raise_on_iopub_timeout=True,
                                         resources={"metadata": {"path": folder}})
        with contextlib.suppress(nbclient.exceptions.CellExecutionError):  # the error stays in the outputs
            client.execute(env={**os.environ, "IPYTHONDIR": folder})
    return notebook


def outputs(notebook, kind):
    return [output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == kind]


@pytest.mark.chapters
@each_chapter
def test_the_solved_version_runs_clean(source):
    notebook = executed(press.solved(source.read_text(encoding="utf-8")))
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source)
    assert not outputs(notebook, "error")
    assert not [output.text for output in outputs(notebook, "stream") if output.name == "stderr"]


@pytest.mark.chapters
def test_the_first_chapter_shows_what_it_promises():
    notebook = executed(press.solved(FIRST))
    text = "".join(output.text for output in outputs(notebook, "stream"))
    assert "gradient check: right" in text and "WRONG" not in text
    assert "NOT causal on 3x3x3" in text and re.search(r"reads its own value +27 places", text)
    assert re.search(r"verdict +causal on 8x8x1", text)
    cheat, independent, honest = (float(re.search(rf"{name} +([\d.]+)", text)[1])
                                  for name in ("validation:", "independent pixels", "your PixelCNN"))
    assert cheat < 1 < honest < independent - 3
    assert sum("image/png" in output.data for output in outputs(notebook, "execute_result")) == 2


@pytest.mark.chapters
def test_the_second_chapter_shows_what_it_promises():
    notebook = executed(press.solved(SECOND))
    text = "".join(output.text for output in outputs(notebook, "stream"))
    assert text.count("gradient check: right") == 5 and "WRONG" not in text and text.count("verdict") == 3
    paper, broken, mended = text.split("verdict")[1:]
    assert re.search(r"causal on 4x6x1.*from no place: \(di, dj\) = \(-1, 5\)", paper, re.DOTALL)
    assert "NOT causal on 4x6x1" in broken and re.search(r"reads its own value +20 places", broken)
    assert "none: every prediction reads everything before it" in mended and "the audit's and yours: the same" in text
    independent, honest = (float(re.search(rf"{name} +([\d.]+)", text)[1])
                           for name in ("independent pixels", "your Diagonal BiLSTM"))
    assert honest < independent - 3
    assert sum("image/png" in output.data for output in outputs(notebook, "execute_result")) == 5


@pytest.mark.chapters
def test_the_third_chapter_shows_what_it_promises():
    notebook = executed(press.solved(THIRD))
    text = "".join(output.text for output in outputs(notebook, "stream"))
    assert text.count("gradient check: right") == 4 and "WRONG" not in text
    assert "inputs of size 3, 5, 7: 4 12 24" in text and "-inf" in text and "(right)" in text
    assert all(float(found) < 1e-9 for found in re.findall(r"largest difference ([\d.e-]+)", text))
    gaussian, scales, mixture = (float(re.search(rf"{name} +([\d.]+) \+-", text)[1]) for name in ("Gaussian", "GSM", "MCGSM"))
    assert gaussian + 2 < scales and scales + 0.2 < mixture
    for name in ("Gaussian", "GSM"):  # a larger window gains nearly nothing
        smallest, *larger = map(float, re.findall(r"\dx\d: ([\d.]+)", re.search(rf"{name} +3x3.*", text)[0]))
        assert len(larger) == 2 and all(abs(rate - smallest) < 0.3 for rate in larger)
    assert sum("image/png" in output.data for output in outputs(notebook, "execute_result")) == 6


@pytest.mark.chapters
@each_chapter
def test_the_student_version_stops_at_not_implemented_only_once_an_exercise(source):
    """With the first answers filled in, the run stops at the next exercise, and at nothing else."""
    text = source.read_text(encoding="utf-8")
    for message in re.findall(r"# <answer> (.+)", text):
        error, = outputs(executed(press.student(text)), "error")
        assert (error.ename, error.evalue) == ("NotImplementedError", message)
        text = re.sub(rf" *# <answer> {re.escape(message)}\n((?:.*\n)*?) *# </answer>\n", r"\1", text)
    assert press.student(text) == press.solved(text)
