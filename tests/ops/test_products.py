"""The sum of outer products: the blocks change nothing but the rounding."""

import numpy as np
import pytest

from minipixel.ops import products


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize(("M", "C", "F"), [(1, 1, 1), (7, 3, 5), (1568, 64, 320), (999, 64, 320), (3001, 12, 80),
                                           (701, 128, 128), (300, 1024, 64), (5000, 32, 31), (450, 50, 113)])
def test_blocks_are_the_product(monkeypatch, small, M, C, F):
    monkeypatch.setattr(products, "small_products", lambda: small)
    rng = np.random.default_rng(0)
    P, Q = rng.standard_normal((M, C)), rng.standard_normal((M, F))
    np.testing.assert_allclose(products.sum_of_outer(P, Q), P.T @ Q, rtol=1e-12, atol=1e-11)
    P_first, Q_first = np.ascontiguousarray(P.T).T, np.ascontiguousarray(Q.T).T
    np.testing.assert_allclose(products.sum_of_outer(P, Q_first), P.T @ Q, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(products.sum_of_outer(P_first, Q_first), P.T @ Q, rtol=1e-12, atol=1e-11)


def test_all_blocks_are_small(monkeypatch):
    """Of every block more than a few rows, and no more multiply-adds than the kernels for small matrices take."""
    monkeypatch.setattr(products, "small_products", lambda: True)
    seen, matmul = [], np.matmul
    monkeypatch.setattr(np, "matmul", lambda A, B: seen.append((A.shape, B.shape)) or matmul(A, B))
    for M, C, F in ((1568, 64, 320), (12544, 64, 128), (12544, 12, 160), (3136, 32, 64), (450, 50, 128), (12544, 96, 128)):
        seen.clear()
        products.sum_of_outer(np.ones((M, C)), np.ones((M, F)))
        (*_, units, rows), (*_, width) = seen[0]
        assert units == C and width >= 16 and F % width == 0
        assert rows * C * width <= products.SMALL and rows >= min(M, products.LEAST) // 2


@pytest.mark.parametrize(("J", "F", "M"), [(45, 80, 224), (129, 128, 448), (225, 128, 448), (113, 64, 224), (45, 80, 1568)])
def test_blocks_of_columns_are_small_and_whole(monkeypatch, J, F, M):
    monkeypatch.setattr(products, "small_products", lambda: True)
    blocks = products.column_blocks(J, F, M, np)
    assert blocks > 1 and F % blocks == 0
    assert J * F // blocks <= products.RESULT and J * F // blocks * M <= products.SMALL
    monkeypatch.setattr(products, "small_products", lambda: False)
    assert products.column_blocks(J, F, M, np) == 1


def test_blocks_too_narrow_are_none(monkeypatch):
    monkeypatch.setattr(products, "small_products", lambda: True)
    assert products.column_blocks(400, 128, 448, np) == products.column_blocks(45, 31, 224, np) == 1
