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


def judge(exercise, cells, right):
    """The Verdict on an exercise of a student's cells; `right`: the functions that were judged right before this one."""
    def verdict(word, says=""):
        return Verdict(exercise.number, exercise.function, word, says)

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
