"""The process in which a student's code runs: python -m minipixel.course.child PATH SECONDS NUMBERS RIGHT

Judges the exercises NUMBERS (separated by commas) in order and writes each verdict as a line of JSON; RIGHT names the functions
judged right before. An exercise that takes longer than SECONDS gets the verdict "broken", and the process ends.
"""

import contextlib
import json
import os
import sys
from dataclasses import asdict
from threading import Timer

from minipixel.course import student, verdicts
from minipixel.course.exercises import exercises_of


def main(path, seconds, numbers, right):
    chapter, cells = student.read(path)
    right = set(right.split(","))
    for exercise in exercises_of(chapter):
        if str(exercise.number) not in numbers.split(","):
            continue
        timer = Timer(float(seconds), give_up, (exercise, seconds))
        timer.daemon = True
        timer.start()
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # what the student's code prints
            verdict = verdicts.judge(exercise, cells, right)
        timer.cancel()
        if verdict.word == verdicts.RIGHT:
            right.add(exercise.function)
        report(verdict)


def give_up(exercise, seconds):
    says = f"not finished after {seconds} seconds: an endless loop?"
    report(verdicts.Verdict(exercise.number, exercise.function, verdicts.BROKEN, says))
    os._exit(0)


def report(verdict):
    sys.__stdout__.write(json.dumps(asdict(verdict)) + "\n")
    sys.__stdout__.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
