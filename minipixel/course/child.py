"""The process in which a student's code runs: python -m minipixel.course.child PATH SECONDS NUMBERS RIGHT

Judges the exercises NUMBERS (separated by commas) in order and writes each verdict as a line of JSON; RIGHT names the functions
judged right before. An exercise that takes longer than SECONDS gets the verdict "broken", and the process ends.
"""

import json
import os
import sys
from dataclasses import asdict
from threading import Timer

from minipixel.course import student, verdicts
from minipixel.course.exercises import exercises_of


def main(path, seconds, numbers, right):
    """The verdicts go to what was standard output; what the student's code prints, in whatever way, goes nowhere."""
    verdicts_to = open(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def report(verdict):
        verdicts_to.write(json.dumps(asdict(verdict)) + "\n")
        verdicts_to.flush()

    def give_up(exercise):
        says = f"not finished after {seconds} seconds: an endless loop, or loops over single numbers?"
        report(verdicts.Verdict(exercise.number, exercise.function, verdicts.BROKEN, says))
        os._exit(0)

    chapter, cells = student.read(path)
    right = set(right.split(","))
    for exercise in exercises_of(chapter):
        if str(exercise.number) not in numbers.split(","):
            continue
        timer = Timer(float(seconds), give_up, (exercise,))
        timer.daemon = True
        timer.start()
        verdict = verdicts.judge(exercise, cells, right)
        timer.cancel()
        if verdict.word == verdicts.RIGHT:
            right.add(exercise.function)
        report(verdict)


if __name__ == "__main__":
    main(*sys.argv[1:])
