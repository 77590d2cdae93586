"""The process in which a student's code runs: main(PATH, SECONDS, NUMBERS, RIGHT), all of them words.

Judges the exercises NUMBERS (separated by commas) in order and writes each verdict as a line of JSON; RIGHT names the functions
judged right before. An exercise that takes longer than SECONDS ends the process.
"""

import faulthandler
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from minipixel.course import student, verdicts
from minipixel.course.exercises import exercises_of


def main(path, seconds, numbers, right):
    """The verdicts go to what was standard output; what the student's code prints, in whatever way, goes nowhere."""
    verdicts_to, errors_to = open(os.dup(1), "w", encoding="utf-8"), os.dup(2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.path.append(str(Path(path).parent))
    chapter, cells = student.read(path)
    right, exercises = set(right.split(",")), exercises_of(chapter)
    for exercise in exercises:
        if str(exercise.number) not in numbers.split(","):
            continue
        # It ends loops in C as well, such as sum(iter(int, 1)), which leave the interpreter to no other thread.
        faulthandler.dump_traceback_later(float(seconds), exit=True, file=errors_to)
        verdict = verdicts.judge(exercise, cells, right, [other.function for other in exercises])
        faulthandler.cancel_dump_traceback_later()
        if verdict.word == verdicts.RIGHT:
            right.add(exercise.function)
        verdicts_to.write(json.dumps(asdict(verdict)) + "\n")
        verdicts_to.flush()
