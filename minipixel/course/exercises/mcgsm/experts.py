"""The experts: the logarithm of a Gaussian around a linear prediction, and what its parts give back."""

from math import log, pi

import numpy as np

from minipixel.course.answers import judged_backward, judged_forward, noted, or_square

ALIKE = "there are as many outputs as inputs"


def case(J=8, S=4, M=3, D=5, n=7):
    """Arguments of the experts; all sizes differ, so that no transpose goes unseen."""
    rng = np.random.default_rng(M)
    return {"x": rng.standard_normal((n, D)), "y": rng.standard_normal((n, M)), "alpha": rng.standard_normal((J, S)) / 2,
            "a": rng.standard_normal((J, M, D))}


SQUARE = case(M=5)


def right_forward(x, y, alpha, a):
    r = y[:, None] - np.einsum("nd,jmd->njm", x, a)
    square = (r**2).sum(axis=2)
    log_n = 0.5 * y.shape[1] * (alpha - log(2 * pi)) - 0.5 * np.exp(alpha) * square[:, :, None]
    cache = x, r, square, alpha, a
    return log_n, cache


def judge_expert_forward(expert_forward):
    def judged(given):
        return judged_forward(expert_forward, given, right_forward(**given)[0], forward_mistakes(**given))

    return (or_square(judged, case(), SQUARE, ALIKE) or or_square(judged, case(M=1), SQUARE, ALIKE)
            or far_mistake(expert_forward, **case()))


def far_mistake(expert_forward, x, y, alpha, a):
    """What is wrong where y is far from all predictions; "" if nothing is."""
    y = y + 1000
    with np.errstate(all="ignore"), noted("y far from all predictions"):
        log_n, _ = expert_forward(x, y, alpha, a)
    good = np.allclose(log_n, right_forward(x, y, alpha, a)[0], rtol=1e-9)
    return "" if good else ("right, but not far from the predictions (y + 1000), where the Gaussian is zero for a computer and "
                            "its logarithm is not: take the logarithm on paper, it is a parabola")


def forward_mistakes(x, y, alpha, a):
    """(words, log_n as if that mistake had been made)."""
    M, e = y.shape[1], np.exp(alpha)
    r = y[:, None] - np.einsum("nd,jmd->njm", x, a)
    right = 0.5 * M * (alpha - log(2 * pi))

    def made(front=right, r=r, factor=-0.5 * e):
        return front + factor * (r**2).sum(axis=2)[:, :, None]

    formula = "log N = M/2 (alpha - log 2 pi) - e^alpha |y - A x|^2 / 2"
    for words, wrong in (
            ("M/2 log 2 pi is missing", made(0.5 * M * alpha)),
            ("the scale e^alpha is missing in the normaliser: M/2 alpha", made(-0.5 * M * log(2 * pi) + 0 * alpha)),
            ("the normaliser is missing", made(0 * alpha)),
            ("M is missing in the normaliser: there is a factor for each output", made(0.5 * (alpha - log(2 * pi)))),
            ("M is missing before alpha", made(0.5 * alpha - 0.5 * M * log(2 * pi))),
            ("M is missing before log 2 pi", made(0.5 * M * alpha - 0.5 * log(2 * pi))),
            ("the 1/2 is missing in the normaliser", made(2 * right)),
            ("the 1/2 is missing before alpha", made(M * alpha - 0.5 * M * log(2 * pi))),
            ("the 1/2 is missing before log 2 pi", made(0.5 * M * alpha - M * log(2 * pi))),
            ("log 2 pi has the wrong sign: it is what a Gaussian is divided by", made(0.5 * M * (alpha + log(2 * pi)))),
            ("the normaliser has the wrong sign", made(-right)),
            ("alpha has the wrong sign in the normaliser: e^alpha is a precision, not a variance",
             made(0.5 * M * (-alpha - log(2 * pi)))),
            ("e^alpha stands in the normaliser where its logarithm, alpha, is due", made(0.5 * M * (e - log(2 * pi)))),
            ("the scale e^alpha is missing in the exponent", made(factor=-0.5 + 0 * alpha)),
            ("alpha stands in the exponent where e^alpha is due", made(factor=-0.5 * alpha)),
            ("e^-alpha stands in the exponent: e^alpha is a precision, not a variance", made(factor=-0.5 / e)),
            ("the 1/2 is missing in the exponent", made(factor=-e)),
            ("the exponent has the wrong sign: far from the prediction is less likely", made(factor=0.5 * e)),
            ("the prediction A_c x is missing", made(r=y[:, None] + 0 * r)),
            ("the prediction is added: it is y - A_c x that is small", made(r=2 * y[:, None] - r)),
            ("the exponent is missing", made(factor=0 * e)),
            ("y - A_c x is not squared", right - 0.5 * e * r.sum(axis=2)[:, :, None]),
            ("the squares of the outputs are added up, their mean is not enough", made(factor=-0.5 * e / M)),
            ("the sum is squared where the squares are due", right - 0.5 * e * (r.sum(axis=2) ** 2)[:, :, None]),
            ("this is N itself: its logarithm is asked for", np.exp(made()))):
        yield f"{words}: {formula}", wrong
    if a.shape[1] == a.shape[2]:
        turned = y[:, None] - np.einsum("nd,jdm->njm", x, a)
        yield f"A_c is used transposed: {formula}", made(r=turned)


def judge_expert_backward(expert_backward, expert_forward=right_forward):
    def judged(given):
        return judged_backward(expert_forward, expert_backward, given,
                               lambda dlog_n, cache: backward_mistakes(dlog_n, **given), reference=right_forward)

    return or_square(judged, case(), SQUARE, ALIKE) or or_square(judged, case(M=1), SQUARE, ALIKE)


def right_backward(dlog_n, cache):
    x, r, square, alpha, a = cache
    e = np.exp(alpha)
    dr = -(dlog_n * e).sum(axis=2)[:, :, None] * r
    return {"x": -np.einsum("njm,jmd->nd", dr, a), "y": dr.sum(axis=1),
            "alpha": 0.5 * (r.shape[2] * dlog_n.sum(axis=0) - e * (dlog_n * square[:, :, None]).sum(axis=0)),
            "a": -np.einsum("njm,nd->jmd", dr, x)}


def backward_mistakes(dlog_n, x, y, alpha, a):
    """(words, {name: gradient as if that mistake had been made})."""
    M, e = y.shape[1], np.exp(alpha)
    r = y[:, None] - np.einsum("nd,jmd->njm", x, a)
    square = (r**2).sum(axis=2)[:, :, None]

    def down(dr, a=a):
        """From the residuals to what they are made of."""
        return {"x": -np.einsum("njm,jmd->nd", dr, a), "y": dr.sum(axis=1), "a": -np.einsum("njm,nd->jmd", dr, x)}

    dr = -(dlog_n * e).sum(axis=2)[:, :, None] * r
    formula = "dr_c = - (sum_s e^alpha_cs dlog_n_cs) r_c, with r_c = y - A_c x"
    yield f"the scale e^alpha is missing: {formula}", down(-dlog_n.sum(axis=2)[:, :, None] * r)
    yield f"the sign is missing: {formula}", down(-dr)
    yield f"the 1/2 is gone with the 2 of the square, and you have one of them alone (1/2): {formula}", down(0.5 * dr)
    yield f"the 1/2 is gone with the 2 of the square, and you have one of them alone (2): {formula}", down(2 * dr)
    yield f"r_c is missing: {formula}", down(dr / r)
    yield f"the prediction is missing in r_c: {formula}", down(dr / r * y[:, None])
    yield "the sign is missing: r_c = y - A_c x, so da_c = - sum_n dr_c x^T", {"a": -down(dr)["a"]}
    yield "the sign is missing: r_c = y - A_c x, so dx = - sum_c A_c^T dr_c", {"x": -down(dr)["x"]}
    yield "the sign is one too many: r_c = y - A_c x, so dy = sum_c dr_c", {"y": -down(dr)["y"]}
    yield "the experts read x, and give back: dx = - sum_c A_c^T dr_c", {"x": np.zeros_like(x)}
    if a.shape[1] == a.shape[2]:
        yield "A_c is used transposed: dx = - sum_c A_c^T dr_c", {"x": down(dr, a.swapaxes(1, 2))["x"]}
    po, weighted = dlog_n.sum(axis=0), (dlog_n * square).sum(axis=0)
    for words, dalpha in (("M is missing", po - e * weighted), ("the 1/2 is missing", 2 * (M * po - e * weighted)),
                          ("alpha stands in the normaliser too, and you have the exponent alone", -e * weighted),
                          ("alpha stands in the exponent too, and you have the normaliser alone", M * po),
                          ("e^alpha is missing", M * po - weighted), ("the sign is wrong", e * weighted - M * po),
                          ("alpha stands where e^alpha is due", M * po - alpha * weighted),
                          ("the exponent has the wrong sign", M * po + e * weighted)):
        yield f"dalpha_cs = sum_n (M - e^alpha_cs |r_c|^2) dlog_n_cs / 2: {words}", {"alpha": 0.5 * dalpha}
