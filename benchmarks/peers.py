"""What other libraries call a confidence interval, run on the same data as ours. Needs `pip install 'mari-theory[bench]'`."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.special import ndtr

from benchmarks.cases import Case, Method
from estimators import Interval, certify_roc, certify_table_mi
from mari_theory.families import DISCRETE_JOINTS


def infomeasure_interval(d: Any, confidence: float) -> Interval:
    """infomeasure's `StatisticalTestResult.confidence_interval` (200 bootstrap tests) for discrete MI."""
    import infomeasure

    x, y = _labels(d)
    estimator = infomeasure.estimator(x, y, measure="mi", approach="discrete")
    low, high = estimator.statistical_test(n_tests=200, method="bootstrap").confidence_interval(100 * confidence)
    return Interval(float(low), float(high), confidence, "infomeasure")


def npeet_interval(d: Any, confidence: float) -> Interval:
    """NPEET's `shuffle_test` "conf. interval" for discrete MI (in nats)."""
    from npeet_plus import midd, shuffle_test

    x, y = _labels(d)
    _, (low, high) = shuffle_test(midd, x, y, ns=200, ci=confidence)
    low, high = sorted((low * math.log(2), high * math.log(2)))
    return Interval(low, high, confidence, "NPEET")


def _labels(table: Any) -> tuple[Any, Any]:
    i, j = np.indices(table.shape)
    n = table.ravel()
    x, y = np.repeat(i.ravel(), n), np.repeat(j.ravel(), n)
    order = np.random.default_rng(int(n.sum())).permutation(x.size)
    return x[order], y[order]


def jax_privacy_interval(tail: bool) -> Method:
    """jax-privacy's bootstrap interval for AUC or for the TPR at 1 % FPR (its defaults, 200 resamples)."""

    def interval(d: Any, confidence: float) -> Interval:
        from jax_privacy import auditing

        auditor = auditing.CanaryScoreAuditor(d[1], d[0])
        bootstrap = auditing.BootstrapParams.confidence_interval(num_samples=200, confidence=confidence, seed=0)
        if tail:
            low, high = auditor.tpr_at_given_fpr(0.01, bootstrap_params=bootstrap)
        else:
            low, high = auditor.attack_auroc(bootstrap_params=bootstrap)
        return Interval(float(low), float(high), confidence, "jax-privacy")

    return interval


PEERS: dict[str, str] = {"infomeasure": "infomeasure", "NPEET": "npeet_plus", "jax-privacy": "jax_privacy"}
"""Name -> module; one that is not installed is left out of the table and named under it."""


def peer_cases(sizes: tuple[int, ...] = (200, 2000)) -> list[Case]:
    """Cases with the peers' intervals beside ours."""
    out = []
    discrete: dict[str, Callable[[Any, float], Interval]] = {}
    if find_spec("infomeasure"):
        discrete["infomeasure"] = infomeasure_interval
    if find_spec("npeet_plus"):
        discrete["NPEET"] = npeet_interval
    for law in ("independent", "binary symmetric channel", "skewed"):
        joint = np.array(DISCRETE_JOINTS[law].table)

        def draw(g: np.random.Generator, n: int, joint: Any = joint) -> Any:
            return g.multinomial(n, joint.ravel()).reshape(joint.shape)

        methods: dict[str, Method] = {"mari": lambda d, c: certify_table_mi(d, c).interval, **discrete}
        out.append(Case("MI, counts", law, DISCRETE_JOINTS[law].mutual_information(), draw, methods, sizes))
    for shift in (0.3, 1.0):
        for tail in (False, True):
            truth = float(ndtr(shift - 2.3263478740408408)) if tail else float(ndtr(shift / math.sqrt(2)))

            def scores(g: np.random.Generator, n: int, shift: float = shift) -> Any:
                return g.normal(size=n), g.normal(shift, 1, size=n)

            def ours(d: Any, c: float, tail: bool = tail) -> Interval:
                roc = certify_roc(d[0], d[1], c)
                return roc.tpr_at(0.01) if tail else roc.auc.interval

            methods = {"mari": ours}
            if find_spec("jax_privacy"):
                methods["jax-privacy"] = jax_privacy_interval(tail)
            quantity = "TPR at 1 % FPR" if tail else "AUC"
            out.append(Case(quantity, f"normal, shift {shift:g}", truth, scores, methods, sizes))
    return out
