"""TOFU's own numbers from the evaluation log of a model: truth ratio, forget quality, model utility (Maini et al. 2024).

Forget quality is a p-value: large means "no difference seen", not "no difference" (a model that remembers half of forget01 passes
it nine times in ten). It is here to reproduce published tables; a certified interval on JSD is the answer to the question itself.
Items that a log leaves out (NaN) are left out of its means.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import hmean, ks_2samp

from experiments.measures.model_log import FORGET, UTILITY_TASKS, ModelLog, TaskLog
from mari_theory.errors import require
from mari_theory.units import Floats


def item_truth_ratios(task: TaskLog) -> Floats:
    """Per item: (geometric mean wrong-answer probability) / (paraphrased-answer probability), per token; the true answer where there is no paraphrase."""
    true = task.true if task.paraphrased is None else task.paraphrased
    return _there(np.exp(-task.wrong.mean(axis=1)) / (np.exp(-true) + task.guard), "truth ratios")


def forget_quality(model: ModelLog, oracle: ModelLog) -> float:
    """p-value of the two-sided Kolmogorov-Smirnov test between the forget items' truth ratios of two models.

    Raises `ArgumentError` when the logs cover different numbers of items.
    """
    a, b = (log.task(FORGET) for log in (model, oracle))
    require(len(a.true) == len(b.true), "logs", "the same forget items in both", (len(a.true), len(b.true)))
    return float(ks_2samp(item_truth_ratios(a), item_truth_ratios(b)).pvalue)


def truth_ratio_score(task: TaskLog, forget: bool) -> float:
    """Aggregate as published: mean min(R, 1/R) on forget (1 = cannot tell true from false), mean max(0, 1 - R) elsewhere."""
    ratio = item_truth_ratios(task)
    return float(np.mean(np.minimum(ratio, 1 / (ratio + task.guard)) if forget else np.maximum(0.0, 1 - ratio)))


def answer_probability(name: str, task: TaskLog) -> float:
    """Mean probability of the true answer; on real authors and world facts its share among the options given."""
    true = np.exp(-task.true)
    if name in (FORGET, "retain"):
        return float(_there(true, "true").mean())
    return float(_there(true / (true + np.exp(-task.wrong).sum(axis=1) + task.guard), "true, wrong").mean())


def model_utility(log: ModelLog) -> float:
    """Harmonic mean of nine numbers: probability, ROUGE-L recall and truth ratio on retain, real authors and world facts."""
    parts = []
    for name in UTILITY_TASKS:
        task = log.task(name)
        require(task.recall is not None, f"log {log.name}, {name}", "ROUGE-L recall", "none")
        assert task.recall is not None
        parts += [
            answer_probability(name, task),
            float(_there(task.recall, "rougeL_recall").mean()),
            truth_ratio_score(task, forget=False),
        ]
    return float(hmean(parts)) if min(parts) > 0 else 0.0


def has_utility(log: ModelLog) -> bool:
    """Does the log hold all that `model_utility` takes?"""
    return all(name in log.tasks and log.tasks[name].recall is not None for name in UTILITY_TASKS)


def _there(values: Floats, name: str) -> Floats:
    kept = values[~np.isnan(values)]
    require(kept.size > 0, name, "a number for at least one item", "none")
    return kept
