"""All exercises of a student's file, judged one after the other in a process of their own.

An endless loop or a crash ends that process and costs one exercise, the one that was its turn: the rest is judged in a new
one.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import minipixel
from minipixel.course import student
from minipixel.course.exercises import exercises_of
from minipixel.course.verdicts import BROKEN, RIGHT, Verdict

# A random.py or numpy.py in the folder where the check is run, another student's perhaps, is not to be imported. What lies
# beside the student's file may be, after everything else.
START = """import sys
sys.path = [*filter(None, sys.path), sys.argv[1]]
from minipixel.course.child import main
main(*sys.argv[2:])
"""


@dataclass(frozen=True)
class Report:
    """.verdicts, one for each exercise in order; .ok: all right; print(report); .values: the same for JSON."""

    path: str
    chapter: str
    verdicts: list

    @property
    def ok(self):
        return all(verdict.word == RIGHT for verdict in self.verdicts)

    @property
    def values(self):
        return {"file": self.path, "chapter": self.chapter, "ok": self.ok,
                "exercises": [asdict(verdict) for verdict in self.verdicts]}

    def __str__(self):
        right = sum(verdict.word == RIGHT for verdict in self.verdicts)
        title = f"{self.chapter.replace('_', ' ')}: {right} of {len(self.verdicts)} exercises right"
        return "\n".join([title, *map(str, self.verdicts)])


def check(path, seconds=60):
    """The Report on a student's notebook or script: a verdict for each exercise of its chapter.

    seconds: what one exercise may take: a right answer in loops over single numbers takes some ten. Runs the student's code:
    open only files that you would run.
    ValueError in one line for a file that is no chapter of the course.
    """
    chapter, _ = student.read(path)
    remaining = {exercise.number: exercise for exercise in exercises_of(chapter)}
    verdicts = []
    while remaining:
        right = [verdict.function for verdict in verdicts if verdict.word == RIGHT]
        found, ending = _run(path, seconds, remaining, right)
        for verdict in found:
            if remaining.pop(verdict.number, None):
                verdicts.append(verdict)
        if remaining:
            exercise = remaining.pop(min(remaining))
            verdicts.append(Verdict(exercise.number, exercise.function, BROKEN, ending))
    return Report(str(path), chapter, verdicts)


def _run(path, seconds, numbers, right):
    """The verdicts of one process, and how it ended."""
    command = [sys.executable, "-c", START, os.path.dirname(os.path.dirname(minipixel.__file__)), str(Path(path).resolve()),
               str(seconds), ",".join(map(str, numbers)), ",".join(right)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace",
                              stdin=subprocess.DEVNULL, timeout=30 + 2 * seconds * len(numbers))
        output, lines = done.stdout, done.stderr.strip().splitlines()
        ending = " ".join([f"the program ended with exit code {done.returncode}", *lines[-1:]])
        if any(line.startswith("Timeout (") for line in lines):
            ending = f"not finished after {seconds} seconds: an endless loop, or loops over single numbers?"
    except subprocess.TimeoutExpired as late:
        output, ending = (late.stdout or b"").decode(), "the program had to be stopped from outside"
    return [Verdict(**json.loads(line)) for line in output.splitlines() if line.startswith('{"number"')], ending
