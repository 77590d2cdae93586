"""Gate and experts brought together: two read x, two read alpha, and each gives back."""

import numpy as np

from minipixel.course.answers import judged_backward
from minipixel.course.exercises.mcgsm import experts, gate, mixing


def case():
    """Arguments of the whole; all sizes differ, so that no transpose goes unseen."""
    one, other = gate.case(), experts.case()
    return {"x": one["x"], "y": other["y"], "eta": one["eta"], "alpha": one["alpha"], "beta": one["beta"], "b": one["b"],
            "a": other["a"]}


def right_forward(x, y, eta, alpha, beta, b, a):
    g, gate_cache = gate.right_forward(x, eta, alpha, beta, b)
    log_n, expert_cache = experts.right_forward(x, y, alpha, a)
    log_p, mixture_cache = mixing.right_forward(g, log_n)
    cache = gate_cache, expert_cache, mixture_cache
    return log_p, cache


def judge_mcgsm_backward(mcgsm_backward):
    """With right parts in place of the student's, which are exercises of their own."""
    # The names that the student's code sees are of this exercise alone, made anew for it.
    mcgsm_backward.__globals__.update(gate_backward=gate.right_backward, expert_backward=experts.right_backward,
                                      mixture_backward=mixing.right_backward)
    given = case()
    return judged_backward(right_forward, mcgsm_backward, given, backward_mistakes)


def backward_mistakes(dlog_p, cache):
    """(words, {name: gradient as if that mistake had been made})."""
    gate_cache, expert_cache, mixture_cache = cache
    down = mixing.right_backward(dlog_p, mixture_cache)

    def parts(dg, dlog_n):
        return gate.right_backward(dg, gate_cache), experts.right_backward(dlog_n, expert_cache)

    def joined(of_gate, of_experts):
        return {**of_gate, **of_experts} | {name: of_gate[name] + of_experts[name] for name in ("x", "alpha")}

    of_gate, of_experts = parts(down["g"], down["log_n"])
    two = "read by the gate and by the experts, and both give back: add up"
    for name in ("x", "alpha"):
        yield f"the path through the gate is missing: {name} is {two}", {name: of_experts[name]}
        yield f"the path through the experts is missing: {name} is {two}", {name: of_gate[name]}
        yield f"one path is subtracted: {name} is {two}", {name: of_experts[name] - of_gate[name]}
        yield f"one path is subtracted: {name} is {two}", {name: of_gate[name] - of_experts[name]}
    yield "dg and dlog_n are exchanged: dg goes to the gate, dlog_n to the experts", joined(*parts(down["log_n"], down["g"]))
    yield "the gate gets dlog_n: it is dg that it is due", joined(*parts(down["log_n"], down["log_n"]))
    yield "the experts get dg: it is dlog_n that they are due", joined(*parts(down["g"], down["g"]))
    every = dlog_p[:, None, None] * np.ones_like(down["g"])
    yield "gate and experts get dlog_p as it is: it goes through mixture_backward first", joined(*parts(every, every))
