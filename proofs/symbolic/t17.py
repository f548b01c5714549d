"""T17: the constant c_l = (2^-l - 1 + l ln 2)/(ln 2 - 1/2), why it is attained at -ln 2, and where the bound is smallest."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step, true


def steps() -> list[Step]:
    """r(x) = (e^{lx} - 1 - lx)/(e^x - 1 - x) decreases, so over x >= -ln 2 it is largest at -ln 2.

    A ratio of two functions that vanish together at a point is monotone wherever the ratio of their derivatives is, in the same
    direction; used twice at 0.
    """
    x = sp.Symbol("x", real=True)
    s = sp.Symbol("s", positive=True)
    log2 = sp.log(2)
    above, below = sp.exp(s * x) - 1 - s * x, sp.exp(x) - 1 - x
    slope = (2 ** (-s) - 1 + s * log2) / (log2 - sp.Rational(1, 2))
    second = sp.diff(above, x, 2) / sp.diff(below, x, 2)
    gain = s - slope
    best = sp.log(2 * log2) / log2
    bound, value = sp.symbols("B F")
    level, size, k_p, k_q = sp.symbols("L N K_P K_Q", positive=True)
    # Chernoff at exponent lambda for (A + B)/2, A and B the arms' mean fluctuations: ln E e^{lambda A} is at most c_l N K_P at lambda = l N.
    apart = (slope * size * (k_p + k_q) + level) / (2 * s * size)
    together = (slope * size * (k_p + k_q) / 2 + level) / (s * size)
    return [
        Step("both sides vanish at 0", above.subs(x, 0) + below.subs(x, 0), 0),
        Step("and so do their derivatives", sp.diff(above, x).subs(x, 0) + sp.diff(below, x).subs(x, 0), 0),
        Step("the ratio of second derivatives is l^2 e^{(l-1)x}", second, s**2 * sp.exp((s - 1) * x)),
        Step("which decreases for l < 1: derivative", sp.diff(second, x), (s - 1) * s**2 * sp.exp((s - 1) * x)),
        Step("so the ratio is largest at -ln 2, where it is c_l", (above / below).subs(x, -log2), slope),
        Step("c_l at l = 1", slope.subs(s, 1), 1),
        Step(
            "as l -> 0: c_l = l^2 (ln 2)^2/(2 ln 2 - 1) + O(l^3)",
            sp.series(slope, s, 0, 3).removeO(),
            s**2 * log2**2 / (2 * log2 - 1),
        ),
        Step(
            "c_l is convex: second derivative (ln 2)^2 2^-l/(ln 2 - 1/2)",
            sp.diff(slope, s, 2),
            log2**2 * 2 ** (-s) / (log2 - sp.Rational(1, 2)),
        ),
        Step(
            "at a plug-in of 0 the bound is level/(2N (l - c_l)): stationary at l = log2(2 ln 2)",
            sp.diff(gain, s).subs(s, best),
            0,
        ),
        true("that l lies in (0, 1)", sp.And(sp.N(best, 30) > 0, sp.N(best, 30) < 1)),
        Step(
            "independent arms, exponent 2 l N: the moments multiply; K_P + K_Q is twice the divergence",
            apart.subs(k_q, 2 * value - k_p),
            level / (2 * s * size) + slope / s * value,
        ),
        Step(
            "dependent arms, exponent l N: root of the product of the moments; N becomes N/2, the rest stays",
            together.subs(k_q, 2 * value - k_p),
            level / (s * size) + slope / s * value,
        ),
        Step(
            "solving F <= B + (c_l/l) F for F",
            sp.solve(value - bound - slope / s * value, value)[0],
            bound / (1 - slope / s),
        ),
    ]
