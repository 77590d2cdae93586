"""The equations of Williams and Zipser as nested loops over numbers that count their own products.

Nothing here is read from minipixel.recurrent: neither the arithmetic nor the counting.
"""

from math import isnan, tanh


class Number(float):
    """A float that counts how often two of its kind, or it and any number, are multiplied."""

    products = 0

    def __mul__(self, other):
        Number.products += 1
        return Number(float(self) * float(other))

    def __add__(self, other):
        return Number(float(self) + float(other))

    def __sub__(self, other):
        return Number(float(self) - float(other))

    def __rsub__(self, other):
        return Number(float(other) - float(self))

    __rmul__, __radd__ = __mul__, __add__


def numbers(array):
    return [numbers(part) for part in array] if array.ndim else Number(array)


def f(s):
    return 0.5 * Number(tanh(0.5 * s)) + 0.5


class Run:
    """z[t] and free[t] for t = 0..T-1; y[t] for t = 0..T; e[t] for t = 1..T."""

    def __init__(self, W, x, d, y0, forcing):
        self.W, x, d = numbers(W), numbers(x), numbers(d)
        self.n, self.m, self.T = len(W), W.shape[1] - len(W), len(x)
        self.z, self.free, self.y, self.e = [], [], [numbers(y0)], [None]
        units = range(self.n)
        for t in range(self.T):
            self.free.append([not (forcing and not isnan(d[t][k])) for k in units])
            self.z.append(x[t] + [self.y[t][k] if self.free[t][k] else d[t][k] for k in units])
            s = [sum(self.W[k][l] * self.z[t][l] for l in range(self.m + self.n)) for k in units]
            self.y.append([f(s[k]) for k in units])
            self.e.append([0 if isnan(d[t + 1][k]) else d[t + 1][k] - self.y[t + 1][k] for k in units])

    def zeros(self):
        return [[0] * (self.m + self.n) for _ in range(self.n)]

    def sweep(self, dW, newest, oldest, inject):
        """delta(newest) .. delta(oldest), added to dW; what epsilon is at oldest - 1 but for an error there."""
        units, epsilon = range(self.n), [0] * self.n
        for t in range(newest, oldest - 1, -1):
            error = inject(t)
            delta = [self.y[t][k] * (1 - self.y[t][k]) * Number(epsilon[k] + error[k]) for k in units]
            for i in units:
                for j in range(self.m + self.n):
                    dW[i][j] += delta[i] * self.z[t - 1][j]
            epsilon = [sum(self.W[l][self.m + k] * delta[l] for l in units) for k in units]
            epsilon = [epsilon[k] if self.free[t - 1][k] else 0 for k in units]
        return epsilon


def epochwise(W, x, d, y0, forcing):
    run = Run(W, x, d, y0, forcing)
    dW = run.zeros()
    run.sweep(dW, run.T, 1, lambda t: run.e[t])
    return dW


def real_time(W, x, d, y0, forcing, h=None):
    run = Run(W, x, d, y0, forcing)
    dW, nothing = run.zeros(), [0] * run.n
    for now in range(1, run.T + 1):
        run.sweep(dW, now, max(1, now - h + 1) if h else 1, lambda t, now=now: run.e[t] if t == now else nothing)
    return dW


def periodic(W, x, d, y0, forcing, h, h_prime):
    run = Run(W, x, d, y0, forcing)
    dW, nothing, done = run.zeros(), [0] * run.n, 0
    for now in range(1, run.T + 1):
        if now % h_prime == 0 or now == run.T:
            run.sweep(dW, now, max(1, now - h + 1), lambda t, done=done: run.e[t] if t > done else nothing)
            done = now
    return dW


def carried(run, p, weights, dW):
    """dW_ij + sum_l weights_l p^l_ij"""
    for i in range(run.n):
        for j in range(run.m + run.n):
            dW[i][j] += sum(weights[l] * p[l][i][j] for l in range(run.n))
    return dW


def start(run):
    """p(0) = 0, in numbers that count."""
    return [[[Number(0)] * (run.m + run.n) for _ in range(run.n)] for _ in range(run.n)]


def rtrl(W, x, d, y0, forcing):
    run = Run(W, x, d, y0, forcing)
    p, dW = start(run), run.zeros()
    for t in range(1, run.T + 1):
        before, p = p, start(run)
        for k in range(run.n):
            slope = run.y[t][k] * (1 - run.y[t][k])
            for i in range(run.n):
                for j in range(run.m + run.n):
                    total = sum(run.W[k][run.m + l] * before[l][i][j] for l in range(run.n) if run.free[t - 1][l])
                    p[k][i][j] = slope * Number(total + (run.z[t - 1][j] if i == k else 0))
        carried(run, p, run.e[t], dW)
    return dW


def hybrid(W, x, d, y0, forcing, h):
    run = Run(W, x, d, y0, forcing)
    p, dW, t0 = start(run), run.zeros(), 0
    while t0 < run.T:
        end = min(t0 + h, run.T)
        epsilon = run.sweep(dW, end, t0 + 1, lambda t: run.e[t])
        carried(run, p, epsilon, dW)
        columns = []
        for r in range(run.n):
            column = run.zeros()
            epsilon = run.sweep(column, end, t0 + 1, lambda t, r=r, end=end: [Number(t == end and k == r)
                                                                           for k in range(run.n)])
            columns.append(carried(run, p, epsilon, column))
        p, t0 = columns, end
    return dW
