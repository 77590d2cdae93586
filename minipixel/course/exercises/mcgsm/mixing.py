"""The mixture: the logarithm of a sum of exponentials that neither overflows nor vanishes, posteriors and priors."""

import numpy as np

from minipixel.course.answers import array_mistake, called, close, judged_backward, judged_forward, noted, numbers_differ, sizes

FAR = 1e5       # exp of it is infinite, exp of minus it is nothing, for numbers of 80 bits as well


def right_log_sum_exp(t):
    top = t.max(axis=(1, 2))
    return top + np.log(np.exp(t - top[:, None, None]).sum(axis=(1, 2)))


def exponents(n=5, J=2, S=3, rng=0):
    return np.random.default_rng(rng).standard_normal((n, J, S))


def judge_log_sum_exp(log_sum_exp):
    """Moderate exponents first: where these are wrong, far ones need no look."""
    given = {"t": exponents()}
    with noted(sizes(given)):
        y, complaint = called(log_sum_exp, given)
    right = right_log_sum_exp(**given)
    if complaint or (complaint := shape_mistake(y, right, **given)):
        return complaint
    if not close(y, right):
        return next((words for words, wrong in sum_mistakes(**given) if close(y, wrong)), "") or numbers_differ(y, right)
    for words, t in far_exponents():
        with np.errstate(all="ignore"), noted(words):
            y, right = log_sum_exp(t), right_log_sum_exp(t)
        if not np.allclose(y, right, rtol=1e-12, atol=1e-9):
            first = int(np.flatnonzero(~np.isclose(y, right, rtol=1e-12, atol=1e-9))[0])
            return f"{words}: log_sum_exp gives {y[first]:.6g} for sample {first}, expected {right[first]:.6g}"
    return ""


def shape_mistake(y, right, t):
    """Why y has not one number for each sample, in words; "" if it has."""
    complaint = array_mistake(np.asarray(y) if isinstance(y, np.floating) else y, right, "log_sum_exp(t)")
    for axes, words in (((1,), "components"), ((2,), "scales"), ((0, 1, 2), "samples, too")):
        if complaint and close(np.squeeze(y), np.squeeze(np.log(np.exp(t).sum(axis=axes)))):
            return f"{complaint}: it is summed over the {words}; components and scales (axes 1 and 2) are due"
    return complaint


def sum_mistakes(t):
    """(words, log_sum_exp(t) as if that mistake had been made)."""
    total, top = np.exp(t).sum(axis=(1, 2)), t.max(axis=(1, 2))
    yield "this is the sum of exp(t): its logarithm is missing", total
    yield "the largest t, which was subtracted before exp, is not added again after the log", np.log(total) - top
    yield "the largest t is added twice", np.log(total) + top
    yield "the largest t is subtracted again: exp(t - top) was too small by it, so it is added", np.log(total) - 2 * top
    yield "a mean stands where a sum is due", np.log(np.exp(t).mean(axis=(1, 2)))
    yield "the exp is missing: the log of a sum is asked for, of exp(t)", t.sum(axis=(1, 2))
    yield "the largest t alone: the others count as well", top


def far_exponents():
    """(what goes wrong with them, t): exponents for which exp alone is of no use."""
    t = exponents()
    yield "overflow: exp of a large t is infinite; subtract the largest t first, and add it to the logarithm again", t + FAR
    yield "underflow: exp of every t is zero, whose log is infinite; subtract the largest t first, add it again", t - FAR
    yield ("every sample has a largest t of its own: the largest of all samples leaves nothing of the others",
           t + FAR * np.array([1, -1, 0, 1, -1])[:, None, None])
    yield ("a sample has one largest t, over components and scales", t + FAR * np.array([[1], [-1]]))


def case(n=7, J=2, S=4):
    return {"g": exponents(n, J, S, 1), "log_n": exponents(n, J, S, 2)}


def right_forward(g, log_n):
    t = g + log_n
    log_in, log_out = right_log_sum_exp(g), right_log_sum_exp(t)
    log_p = log_out - log_in
    cache = g, t, log_in, log_out
    return log_p, cache


def own_sum(function):
    """Give the function a right log_sum_exp, unless the student's own is one: that is another exercise."""
    # The names that the student's code sees are of this exercise alone, made anew for it.
    names = function.__globals__
    try:
        right = "log_sum_exp" in names and not judge_log_sum_exp(names["log_sum_exp"])
    except Exception:
        right = False
    if not right:
        names["log_sum_exp"] = right_log_sum_exp


def judge_mixture_forward(mixture_forward):
    own_sum(mixture_forward)
    given = case()
    if says := judged_forward(mixture_forward, given, right_forward(**given)[0], forward_mistakes(**given)):
        return says
    for where, far in (("large", FAR), ("very small", -FAR)):
        given = case()
        given = {"g": given["g"] + far * np.array([[1], [-1]]), "log_n": given["log_n"] + far}
        with np.errstate(all="ignore"):
            log_p = mixture_forward(**given)[0]
        if not np.allclose(log_p, right_forward(**given)[0], rtol=1e-12):
            return f"where exponents are {where}, log_p is {log_p[0]:.6g}, expected {right_forward(**given)[0][0]:.6g}: " \
                "exp is taken of one that has not been made smaller. log_sum_exp does it for you"
    return ""


def forward_mistakes(g, log_n):
    """(words, log_p as if that mistake had been made)."""
    lse = right_log_sum_exp
    right = lse(g + log_n) - lse(g)
    yield ("the gate's normalisation is forgotten: exp(g) sums to one only after a division, so log_sum_exp(g) is subtracted",
           lse(g + log_n))
    yield "log_sum_exp(g) is added: p(c, s | x) = exp(g) is divided by its sum, so it is subtracted", lse(g + log_n) + lse(g)
    yield "the gate is not used: every N is weighted by p(c, s | x)", lse(log_n)
    yield "the gate's normalisation is taken off, but N is not weighted by exp(g)", lse(log_n) - lse(g)
    yield "a sum of products is not the product of the sums: add g and log_n first, then one log_sum_exp", \
        lse(g) + lse(log_n)
    yield "the two sums are exchanged: the one with log_n is above", -right
    yield "this is p itself: its logarithm is asked for", np.exp(right)
    yield "the gate alone: log_n is missing", lse(g)
    prior = np.exp(g - lse(g)[:, None, None])
    yield "the mean of the logarithms stands where the logarithm of the mean is due", (prior * log_n).sum(axis=(1, 2))
    yield "g is subtracted from log_n: weights multiply, so their logarithms add", lse(log_n - g)


def judge_mixture_backward(mixture_backward, mixture_forward=right_forward):
    own_sum(mixture_backward)
    given = case()
    own_sum(mixture_forward)
    if says := judged_backward(mixture_forward, mixture_backward, given,
                               lambda dlog_p, cache: backward_mistakes(dlog_p, **given), reference=right_forward):
        return says
    alternating = FAR * (-1.0) ** np.arange(len(given["g"]))[:, None, None]
    for far in (FAR, -FAR, alternating):
        moved = {"g": given["g"] + far, "log_n": given["log_n"] - 2 * far}
        log_p, cache = mixture_forward(**moved)
        right = right_backward(np.ones_like(log_p), right_forward(**moved)[1])
        with np.errstate(all="ignore"):
            grads = mixture_backward(np.ones_like(log_p), cache)
        if not all(np.isfinite(one).all() for one in grads.values()):
            return "with exponents that are far from zero the gradients are no numbers: exp is taken of one that has not " \
                "been made smaller. exp(t - log_out) is a probability, and never overflows"
        if not all(np.allclose(grads[name], right[name], rtol=0, atol=1e-6) for name in right):
            return "with exponents that are far from zero the gradients are wrong: exp(t - log_out), with each sample's own " \
                "log_out, is a probability wherever the exponents lie; cut off, or against another's, it is none"
    return ""


def right_backward(dlog_p, cache):
    g, t, log_in, log_out = (np.asarray(one) for one in cache)
    po, pin = np.exp(t - log_out[:, None, None]), np.exp(g - log_in[:, None, None])
    scale = dlog_p[:, None, None]
    return {"g": scale * (po - pin), "log_n": scale * po}


def backward_mistakes(dlog_p, g, log_n):
    """(words, {name: gradient as if that mistake had been made})."""
    def softmax(t):
        return np.exp(t - right_log_sum_exp(t)[:, None, None])

    po, pin, scale = softmax(g + log_n), softmax(g), dlog_p[:, None, None]
    yield "the two are exchanged: dg = dlog_p (po - pin), dlog_n = dlog_p po", \
        {"g": scale * po, "log_n": scale * (po - pin)}
    both = "dg = dlog_p (po - pin): g stands in both sums, above the line and below"
    yield f"the prior is forgotten: {both}", {"g": scale * po}
    yield f"the posterior is forgotten: {both}", {"g": -scale * pin}
    yield f"the sign is wrong: {both}", {"g": scale * (pin - po)}
    yield f"the prior is added: {both}", {"g": scale * (po + pin)}
    above = "dlog_n = dlog_p po: log_n stands above the line alone, the gate's normalisation knows nothing of it"
    yield f"posterior minus prior is g's: {above}", {"log_n": scale * (po - pin)}
    yield f"the prior stands where the posterior is due: {above}", {"log_n": scale * pin}
    yield f"the sign is wrong: {above}", {"log_n": -scale * po}
    yield "dlog_p is missing: each sample's gradient is multiplied by its own", {"g": po - pin, "log_n": po}
    alone = softmax(log_n)
    yield "the posterior weighs with the gate as well: po = exp(g + log_n) / sum, yours is made of log_n alone", \
        {"g": scale * (alone - pin), "log_n": scale * alone}
    yield "the posterior is not normalised: divide exp(g + log_n) by its sum", \
        {"g": scale * (np.exp(g + log_n) - pin), "log_n": scale * np.exp(g + log_n)}
    yield "the posterior is divided by the prior's sum, not by its own", {"log_n": scale * pin * np.exp(log_n)}
