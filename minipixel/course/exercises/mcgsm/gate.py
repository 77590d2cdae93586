"""The gate: energies, their weights and scales, and what each gives back."""

import numpy as np

from minipixel.course.answers import judged_backward, judged_forward, or_square

ALIKE = "there are as many features as inputs"


def case(J=8, S=4, F=6, D=5, n=7):
    """Arguments of the gate; all sizes differ, so that no transpose goes unseen."""
    rng = np.random.default_rng(F)
    return {"x": rng.standard_normal((n, D)), "eta": rng.standard_normal((J, S)), "alpha": rng.standard_normal((J, S)) / 2,
            "beta": rng.standard_normal((J, F)), "b": rng.standard_normal((F, D))}


SQUARE = case(F=5)


def right_forward(x, eta, alpha, beta, b):
    bx = x @ b.T
    q = bx**2 @ (beta**2).T
    g = eta - 0.5 * np.exp(alpha) * q[:, :, None]
    cache = x, bx, q, alpha, beta, b
    return g, cache


def judge_gate_forward(gate_forward):
    def judged(given):
        return judged_forward(gate_forward, given, right_forward(**given)[0], forward_mistakes(**given))

    return or_square(judged, case(), SQUARE, ALIKE)


def forward_mistakes(x, eta, alpha, beta, b):
    """(words, g as if that mistake had been made)."""
    e = np.exp(alpha)

    def energy(bx=None, beta2=beta**2):
        bx = x @ b.T if bx is None else bx
        return (bx**2 @ beta2.T)[:, :, None]

    q = energy()
    g = eta - 0.5 * e * q
    yield "the energy has the wrong sign: the larger q_c, the less likely is component c", eta + 0.5 * e * q
    yield "the scale e^alpha is missing: g_cs = eta_cs - e^alpha_cs q_c / 2", eta - 0.5 * q
    yield "alpha stands where e^alpha is due: it is a logarithm", eta - 0.5 * alpha * q
    yield "e^-alpha stands where e^alpha is due: it is a precision, not a variance", eta - 0.5 * q / e
    yield "the 1/2 is missing: g_cs = eta_cs - e^alpha_cs q_c / 2", eta - e * q
    yield "eta is missing: the weight that a component has before x is known", -0.5 * e * q
    yield "eta is a logarithm already: no exp and no log around it", np.exp(eta) - 0.5 * e * q
    yield "exp is taken already: g is the exponent, and the exp is the mixture's affair", np.exp(g)
    shares = np.exp(g)
    shares /= shares.sum(axis=(1, 2), keepdims=True)
    yield "this is p(c, s | x): g is its exponent alone, and to normalise is the mixture's affair", shares
    yield "g is normalised already: that is the mixture's affair", np.log(shares)
    for words, wrong in (("beta is not squared", energy(beta2=beta)),
                         ("b_i^T x is not squared", ((x @ b.T) @ (beta**2).T)[:, :, None]),
                         ("neither beta nor b_i^T x is squared", ((x @ b.T) @ beta.T)[:, :, None]),
                         ("the square of the sum stands where the sum of the squares is due",
                          (((x @ b.T) @ beta.T) ** 2)[:, :, None]),
                         ("x is squared before the features look at it", ((x**2 @ b.T) @ (beta**2).T)[:, :, None])):
        yield f"q_c = sum_i beta_ci^2 (b_i^T x)^2: {words}", eta - 0.5 * e * wrong
    if b.shape[0] == b.shape[1]:
        yield "b is used transposed: b_i is row i of b", eta - 0.5 * e * energy(bx=x @ b)


def judge_gate_backward(gate_backward, gate_forward=right_forward):
    def judged(given):
        return judged_backward(gate_forward, gate_backward, given, lambda dg, cache: backward_mistakes(dg, **given),
                               reference=right_forward)

    return or_square(judged, case(), SQUARE, ALIKE)


def right_backward(dg, cache):
    x, bx, q, alpha, beta, b = cache
    e = np.exp(alpha)
    dq = -0.5 * (dg * e).sum(axis=2)
    dbx = 2 * bx * (dq @ beta**2)
    return {"x": dbx @ b, "eta": dg.sum(axis=0), "alpha": -0.5 * e * (dg * q[:, :, None]).sum(axis=0),
            "beta": 2 * beta * (dq.T @ bx**2), "b": dbx.T @ x}


def backward_mistakes(dg, x, eta, alpha, beta, b):
    """(words, {name: gradient as if that mistake had been made})."""
    bx, e = x @ b.T, np.exp(alpha)
    q = (bx**2 @ (beta**2).T)[:, :, None]

    def down(dq, slope=2 * bx, beta2=beta**2):
        """From the energies to what they are made of."""
        dbx = slope * (dq @ beta2)
        return {"x": dbx @ b, "b": dbx.T @ x, "beta": 2 * beta * (dq.T @ bx**2)}

    dq = -0.5 * (dg * e).sum(axis=2)
    yield "the 1/2 of the energy is missing: dq_c = - sum_s e^alpha_cs dg_cs / 2", down(2 * dq)
    yield "the sign of the energy is missing: dq_c = - sum_s e^alpha_cs dg_cs / 2", down(-dq)
    yield "sign and 1/2 are missing: dq_c = - sum_s e^alpha_cs dg_cs / 2", down(-2 * dq)
    yield "the scale e^alpha is missing: dq_c = - sum_s e^alpha_cs dg_cs / 2", down(-0.5 * dg.sum(axis=2))
    yield "alpha stands where e^alpha is due: dq_c = - sum_s e^alpha_cs dg_cs / 2", down(-0.5 * (dg * alpha).sum(axis=2))
    yield "beta is not squared: d(b_i^T x) = 2 b_i^T x sum_c beta_ci^2 dq_c", _without(down(dq, beta2=beta), "beta")
    yield "beta is missing: d(b_i^T x) = 2 b_i^T x sum_c beta_ci^2 dq_c", \
        _without(down(dq, beta2=np.ones_like(beta)), "beta")
    yield "the 2 of the square is missing: d(b_i^T x) = 2 b_i^T x sum_c beta_ci^2 dq_c", _without(down(dq, slope=bx), "beta")
    yield "the derivative of the square is missing: d(b_i^T x) = 2 b_i^T x sum_c beta_ci^2 dq_c", \
        _without(down(dq, slope=np.full_like(bx, 2)), "beta")
    for words, dbeta in (("the 2 of the square is missing", beta * (dq.T @ bx**2)),
                         ("beta itself is missing", 2 * (dq.T @ bx**2)),
                         ("this is the gradient of beta^2", dq.T @ bx**2),
                         ("b_i^T x is not squared", 2 * beta * (dq.T @ bx)),
                         ("beta is squared once more", 2 * beta**2 * (dq.T @ bx**2))):
        yield f"dbeta_ci = 2 beta_ci sum_n dq_c (b_i^T x)^2: {words}", {"beta": dbeta}
    dalpha = -0.5 * e * (dg * q).sum(axis=0)
    for words, wrong in (("the 1/2 is missing", 2 * dalpha), ("the sign is missing", -dalpha),
                         ("sign and 1/2 are missing", -2 * dalpha), ("e^alpha is missing", dalpha / e),
                         ("e^alpha is its own derivative, and alpha comes in nowhere else", dalpha * alpha),
                         ("q_c is missing", -0.5 * e * dg.sum(axis=0)), ("eta's gradient", dg.sum(axis=0))):
        yield f"dalpha_cs = - e^alpha_cs sum_n q_c dg_cs / 2: {words}", {"alpha": wrong}
    yield "eta was added as it is, for every sample: the sum over the samples of dg, no scale", \
        {"eta": (dg * e).sum(axis=0)}
    yield "the gate reads x, and gives back: dx = sum_i d(b_i^T x) b_i", {"x": np.zeros_like(x)}
    if b.shape[0] == b.shape[1]:
        yield "b is used transposed: b_i is row i of b, dx = sum_i d(b_i^T x) b_i", {"x": 2 * bx * (dq @ beta**2) @ b.T}
        yield "transposed: row i of db belongs to feature i", {"b": down(dq)["b"].T}


def _without(grads, name):
    return {one: grads[one] for one in grads if one != name}
