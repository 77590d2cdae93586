"""The exponents fitted to counts of running algorithms are the paper's, to 5 %."""

import numpy as np
import pytest

from minipixel.recurrent.complexity import HYBRID, TABLE, Fit, experiments, fits

SMALL = experiments(widths=(16, 64), lengths=(48, 96), depths=(32, 64), periods=(1, 4))


@pytest.mark.parametrize("experiment", SMALL, ids=lambda one: f"{one.row.name} {one.grows}")
def test_exponents(experiment):
    for fit in fits(experiment):
        assert abs(fit.difference) < 0.05, f"{fit.what}: {fit.slope:.3f}, the table says {fit.expected}"


def test_every_row_is_fitted_in_n_from_16_to_64_with_m_equal_to_n():
    grown = {one.row: [sizes["n"] for sizes in one.sizes] for one in experiments() if one.grows == "n"}
    assert list(grown) == list(TABLE)
    assert all((min(sizes), max(sizes)) == (16, 64) for sizes in grown.values())
    hybrid = next(one for one in experiments() if one.row is HYBRID)
    assert all(sizes["h"] == sizes["n"] for sizes in hybrid.sizes)


def test_the_exponents_are_those_of_the_tables_own_words():
    """The table's expressions at large sizes grow by the exponents that the experiments expect."""
    for one in experiments():
        sizes = {"n": 2.0**40, "T": 2.0**40, "h": 2.0**40, "h_prime": 2.0**4}
        if one.row is HYBRID:
            assert one.grows in ("T", "h") or (one.time, one.space) == (3, 3)
            continue
        for words, expected in ((one.row.time, one.time), (one.row.space, one.space)):
            assert growth(words, sizes, one.grows) == pytest.approx(expected, abs=1e-6)


def test_the_hybrids_slope_in_h_is_that_of_the_tables_sum():
    one = next(one for one in experiments() if one.row is HYBRID and one.grows == "h")
    times, spaces = ([value(words, {"T": 1, **sizes}) for sizes in one.sizes] for words in (HYBRID.time, HYBRID.space))
    h = [sizes["h"] for sizes in one.sizes]
    assert np.polyfit(np.log(h), np.log(times), 1)[0] == pytest.approx(one.time) and -1 < one.time < -0.9
    assert np.polyfit(np.log(h), np.log(spaces), 1)[0] == pytest.approx(one.space, abs=2e-3)


def growth(words, sizes, grows):
    """The exponent of an expression like n (n + m) h / h', with m = n."""
    return np.log2(value(words, {**sizes, grows: 2 * sizes[grows]}) / value(words, sizes))


def value(words, sizes):
    """What such an expression is at these sizes."""
    code = words.replace("h'", "h_prime").replace("^", "**").replace(" (", " * (").replace(") ", ") * ")
    code = code.replace("* /", "/").replace("* +", "+").replace("+ *", "+")
    return eval(code, {"m": sizes["n"], **sizes})


def test_a_fit_finds_the_exponent():
    fit = Fit(TABLE[0], "time", "n", [2, 4, 8], [3 * n**1.9 for n in (2, 4, 8)], 2)
    assert fit.slope == pytest.approx(1.9) and fit.difference == pytest.approx(-0.05)
    assert Fit(TABLE[0], "time", "T", [2, 4], [5, 5], 0).difference == pytest.approx(0)
