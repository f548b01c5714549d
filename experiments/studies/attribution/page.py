"""The page on attribution; its sentences are derived from the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.studies.base import Page, markdown_table, placeholder
from experiments.studies.data import Section


def page(sections: Mapping[str, Section]) -> Page:
    """Set-up, table and verdict."""
    lines = ["# Whose data was it?", ""]
    if "models" not in sections:
        return Page([*lines, placeholder("attribution", "models", "a finished `mari study methods`"), ""])
    n, record = sections["models"].numbers, sections["models"].made
    return Page(
        [
            *lines,
            f"{n['owners']} forget authors, {n['questions']} questions, {n['draws']:,} sampled answers a model, the first seed of every method. The frozen classifier reads question and answer and was fitted before unlearning: it is what DareU lowers. "
            "The retrained one reads the answer alone and is fitted on the model's own answers; what it tells about the owner is a lower bound on I(owner; answer) (Barber and Agakov 2003), "
            f"`at least` certified at 95 % for each model, in nats (ln {n['owners']} = {np.log(n['owners']):.2f} would tell everything). A score driven down is Goodhart's number; the retrained one is the check.",
            "",
            *table(n["rows"]),
            "",
            verdict(n["rows"]),
            "",
        ],
        note=f", {record.minutes:.0f} min, {n['models']}.",
    )


def table(groups: dict[str, list[dict[str, Any]]]) -> list[str]:
    """A row a method, means over its models, by the information an answer carries."""
    lines = markdown_table(
        [
            "model",
            "frozen classifier, p(owner)",
            "retrained, right",
            "chance",
            "I(owner; answer), nats",
            "at least",
            "JSD to oracle, exact",
        ]
    )
    for name, rows in sorted(groups.items(), key=lambda kv: mean(kv[1], "information")):
        cells = [f"{mean(rows, k):.3f}" for k in ("frozen", "accuracy", "chance", "information", "information_lower")]
        exact = f"{mean(rows, 'exact'):.4f}"
        lines.append(f"| {' | '.join([name, *cells, exact])} |")
    return lines


def mean(rows: Sequence[dict[str, Any]], key: str) -> float:
    """Mean of a column."""
    return float(np.mean([r[key] for r in rows]))


def verdict(groups: dict[str, list[dict[str, Any]]]) -> str:
    """Is a low score of the frozen classifier a low information?"""
    from scipy.stats import spearmanr

    floor = mean(groups["oracles"], "information")
    score = mean(groups["oracles"], "frozen")
    rest = {k: v for k, v in groups.items() if k not in ("oracles", "original")}
    exceptions = [k for k, v in rest.items() if mean(v, "frozen") <= score and mean(v, "information_lower") > 0]
    quiet = [k for k, v in rest.items() if mean(v, "information_lower") == 0]
    scores, information = (np.array([mean(v, key) for v in rest.values()]) for key in ("frozen", "information"))
    agree = spearmanr(scores, information).statistic if len(rest) > 1 else float("nan")
    return (
        f"Oracles: frozen score {score:.3f}, information {floor:.3f} nats (the retrained classifier's own noise). The two classifiers rank the {len(rest)} methods with "
        f"Spearman's correlation {agree:.2f}. No information certified: {'; '.join(quiet) or 'none'}. Frozen score no higher than an oracle's and yet information certified in the answers: "
        f"{'; '.join(exceptions) or 'none'}."
    )
