"""Gradients of recurrent networks, as Williams and Zipser (1990) compare them: each algorithm a function of its own.

    network              the fully recurrent network, step by step: z, s, y, e, J
    back_propagation     epochwise_bptt, real_time_bptt, truncated_bptt (BPTT(h)), bptt (BPTT(h; h'))
    forward_propagation  rtrl, and online learning with it
    hybrid               fp_bptt (FP/BPTT(h))
    counting             multiply-adds and memory, counted while an algorithm runs
    complexity           the paper's table, and the exponents that the counts give
    agreement            the exact algorithms beside one another and finite differences; the truncated ones beside the exact
    examples             random runs, and two small tasks that need a memory
    learning             the tasks learned online

`python -m minipixel.recurrent` shows it all.
"""

from minipixel.recurrent.back_propagation import bptt, epochwise_bptt, real_time_bptt, truncated_bptt
from minipixel.recurrent.forward_propagation import online, rtrl
from minipixel.recurrent.hybrid import fp_bptt
from minipixel.recurrent.network import objective, run

__all__ = ["bptt", "epochwise_bptt", "fp_bptt", "objective", "online", "real_time_bptt", "rtrl", "run", "truncated_bptt"]
