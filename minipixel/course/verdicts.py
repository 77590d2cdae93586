"""One exercise, one verdict."""

from dataclasses import dataclass

from minipixel.course import student

RIGHT, WRONG, NOT_STARTED, BROKEN = "right", "wrong", "not started", "broken"


@dataclass(frozen=True)
class Verdict:
    """word: right, wrong (says: the diagnosis), not started (NotImplementedError is still there), broken (an exception)."""

    number: int
    function: str
    word: str
    says: str = ""

    def __str__(self):
        word = self.word.upper() if self.word in (WRONG, BROKEN) else self.word
        lines = "".join(f"\n    {line}" for line in self.says.splitlines())
        return f"exercise {self.number}, {self.function}: {word}{lines}"


def judge(exercise, cells, right, asked=()):
    """The Verdict on an exercise of a student's cells.

    right: the functions that were judged right before this one; asked: the functions that the chapter asks for
    """
    def verdict(word, says=""):
        notes = [] if word == RIGHT else beside(exercise, cells, right, asked, started=word != NOT_STARTED)
        return Verdict(exercise.number, exercise.function, word, "\n".join([says, *notes]))

    names = [exercise.function] + [name for name in exercise.builds_on if name in right]
    unmade = {}
    try:
        functions, unmade = student.define(cells, names)
        says = exercise.judge(**functions)
    except NotImplementedError as error:
        return verdict(NOT_STARTED, str(error))
    except (Exception, SystemExit) as error:
        cause = unmade.get(error.name, error) if isinstance(error, NameError) else error
        return verdict(BROKEN, student.describe(cause, cells))
    return verdict(WRONG if says else RIGHT, says)


def beside(exercise, cells, right, asked, started):
    """What else may be at fault for an answer that is not right: other answers of the student's, which are not right either."""
    try:
        used = student.calls(cells, exercise.function)
    except Exception:       # a cell that cannot be read has been told
        used = set()
    used = [name for name in asked if name in used - set(right) - {exercise.function}]
    if used:
        are = "is" if len(used) == 1 else "are"
        yield f"note: {exercise.function} calls your {' and '.join(used)}, which {are} not right yet"
    replaced = [name for name in exercise.builds_on if name not in right and name not in used]
    if replaced and started:
        yield (f"note: judged beside the library's {' and '.join(replaced)}, with the cache that the chapter packs, for yours "
               f"{'is' if len(replaced) == 1 else 'are'} not right yet: a cache of another form is not understood")
