"""T7: the sharp AUC frontier: stationarity, the boundary condition, both integrals in closed form, the limits k -> 0 and k -> infinity."""

from __future__ import annotations

import sympy as sp

from proofs.symbolic.step import Step


def steps() -> list[Step]:
    """Maximise the area of b(a) at a divergence budget; s(a) = b'(a) is the likelihood ratio at false-positive rate a."""
    a, k, s, u = sp.symbols("a k s u", positive=True)
    # The divergence density of an ROC curve with slope s, and its derivative in s.
    density = (s * sp.log(2 * s / (1 + s)) + sp.log(2 / (1 + s))) / 2
    pull = sp.diff(density, s)
    w = 2 * sp.exp(k * (1 - a)) / (1 + sp.exp(k))
    slope = w / (2 - w)
    e = sp.exp(k)
    b = sp.log((2 - w) / (2 - w.subs(a, 0))) / k
    # With w = 2 sigma, sigma = e^{k(1-a)}/(1+e^k): both integrals become elementary or dilogarithms in w.
    area_inner = sp.log(2 - w)
    v = sp.Symbol("v", positive=True)
    li = sp.Function("L")  # Li2, known by its derivative -ln(1-x)/x
    first, second = sp.log(v) / (2 - v), sp.log(2 - v) / v
    # Antiderivatives with Li2(v/2) written as `l`, whose derivative in v is -ln(1 - v/2)/v.
    l, dl = li(v), (sp.log(2) - sp.log(2 - v)) / v  # noqa: E741
    anti_second = sp.log(2) * sp.log(v) - l
    anti_first = anti_second - sp.log(v) * sp.log(2 - v)

    def slope_of(e: sp.Expr) -> sp.Expr:
        return sp.diff(e, v).subs(sp.Derivative(l, v), dl)

    w_0, w_1 = w.subs(a, 0), w.subs(a, 1)
    big, small = sp.symbols("big small")  # Li2(s) and Li2(1-s), s = 1/(1+e^-k)
    at_0 = {l: big, v: w_0}
    at_1 = {l: small, v: w_1}
    both = anti_first + anti_second
    budget = (both.subs(at_0) - both.subs(at_1)) / (2 * k)
    area = (anti_second.subs(at_0) - anti_second.subs(at_1)) / k
    return [
        Step("d density/ds = ln(2s/(1+s))/2", pull, sp.log(2 * s / (1 + s)) / 2),
        Step("with w = 2s/(1+s), s = w/(2-w)", (2 * s / (1 + s)) / (2 - 2 * s / (1 + s)), s),
        Step(
            "Euler-Lagrange: area weight (1-a) balances lambda/2 ln w, so ln w is affine in a",
            sp.diff(sp.log(w), a),
            -k,
        ),
        Step("boundary: w(0) + w(1) = 2, the curve is its own mirror image", w.subs(a, 0) + w.subs(a, 1), 2),
        Step("slopes at the two ends are reciprocal", slope.subs(a, 0) * slope.subs(a, 1), 1),
        Step("b' is the slope", sp.diff(b, a), slope),
        Step("b(0) = 0", b.subs(a, 0), 0),
        Step("b(1) = 1", sp.simplify((2 - w.subs(a, 1)) / (2 - w.subs(a, 0))), e),
        Step(
            "area: d/da of (a-1) ln(2-w)/k has integrand ln(2-w)/k and the boundary term",
            sp.diff((a - 1) * area_inner / k, a),
            area_inner / k + (a - 1) * slope,
        ),
        Step(
            "with w = 2s/(1+s), 2/(1+s) = 2 - w: the budget's integrand is (s ln w + ln(2-w))/2",
            (2 / (1 + s)).subs(s, u / (2 - u)),
            2 - u,
        ),
        Step("-ln(1 - w/2) = ln 2 - ln(2-w)", sp.exp(sp.log(2) - sp.log(2 - v)), 1 / (1 - v / 2)),
        Step("da = -dw/(k w)", sp.diff(w, a), -k * w),
        Step("w/2 runs from s = 1/(1+e^-k) ...", w_0 / 2, 1 / (1 + sp.exp(-k))),
        Step("... to 1 - s", w_1 / 2, 1 - w_0 / 2),
        Step(
            "antiderivative of ln(2-w)/w: ln 2 ln w - Li2(w/2)", sp.expand_log(slope_of(anti_second)), sp.log(2 - v) / v
        ),
        Step("antiderivative of ln w/(2-w)", slope_of(anti_first), first),
        Step("budget in closed form: ln 2 - (Li2(s) - Li2(1-s))/k", budget, sp.log(2) - (big - small) / k),
        Step(
            "the area's integral is the same number: ln 2 - (Li2(s) - Li2(1-s))/k", area, sp.log(2) - (big - small) / k
        ),
        Step(
            "and AUC = (ln(1+e^k) - ln 2 + that)/k: the constant -ln(2 - w(0))",
            -sp.log(2 - w_0),
            sp.log(1 + e) - sp.log(2),
        ),
        Step("both integrands under the substitution", first + second, (v / (2 - v) * sp.log(v) + sp.log(2 - v)) / v),
        Step("k -> 0: slope is 1 everywhere", sp.limit(slope, k, 0), 1),
        Step("k -> 0: the slope is 1 + (1 - 2a) k + O(k^2)", sp.series(slope, k, 0, 2).removeO(), 1 + (1 - 2 * a) * k),
        Step("so the budget is k^2/24 to second order", sp.integrate(((1 - 2 * a) * k) ** 2 / 8, (a, 0, 1)), k**2 / 24),
        Step(
            "and AUC - 1/2 is k/6: sqrt(2 eps/3) at eps = k^2/24",
            sp.integrate((1 - a) * (1 - 2 * a) * k, (a, 0, 1)) ** 2,
            sp.Rational(2, 3) * k**2 / 24,
        ),
        Step("k -> infinity: b(a) -> 1 for every a > 0", sp.limit(b.subs(a, sp.Rational(1, 3)), k, sp.oo), 1),
    ]
