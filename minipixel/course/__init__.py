"""The course: chapters whose exercises a student fills in, printed as notebooks, judged, and put into the machine.

    python -m minipixel.course                    print chapters/source/*.py to the students' notebooks chapters/*.ipynb
    check(path)                                   a verdict on every exercise of a student's notebook or script
    with put_into(module, name=function): ...     the student's function at work inside the library
    show(plots.samples_grid, images, 2)           a figure of `plots`, in a notebook

press.py       from a chapter's source to the notebook, with or without the answers
student.py     a student's file: its code cells, and of them only what an exercise needs
verdicts.py    one exercise, one verdict
answers.py     what every judge asks of an answer
judge.py       all exercises of a file, in a process of its own with a time limit (child.py)
exercises/     a file or folder for each chapter: what is asked, and how an answer is judged
"""

from minipixel.course import press
from minipixel.course.judge import check
from minipixel.course.machine import put_into
from minipixel.course.show import show
from minipixel.course.verdicts import RIGHT

__all__ = ["RIGHT", "check", "press", "put_into", "show"]
