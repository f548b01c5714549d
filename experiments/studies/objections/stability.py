"""Is the estimate stable on long and mixed sequences? Spread of JSD estimates where the divergence is known, and of the batch penalty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from estimators import certify_likelihood_ratio, certify_path_information
from experiments.studies.base import Settings, markdown_table
from mari_theory import jensen_shannon
from mari_theory.families import MARKOV_PAIRS

TITLE = "Is the estimate stable on long and mixed sequences?"
NEEDS = ""
CASES = {
    "2 tokens": (2,),
    "4 tokens": (4,),
    "8 tokens": (8,),
    "16 tokens": (16,),
    "2 or 16 tokens, half each": (2, 16),
}
"""Lengths of sequences, in equal shares."""


def measure(settings: Settings) -> dict[str, Any]:
    """Sequences, then batches."""
    replicates = 5 if settings.quick else 100
    return {"replicates": replicates, "rows": sequences(replicates), **batches(replicates)}


def sequences(replicates: int) -> list[dict[str, Any]]:
    """Estimates on short, long and mixed-length sequences with known divergence."""
    base, rng = MARKOV_PAIRS["two states"], np.random.default_rng(17)
    out = []
    for label, lengths in CASES.items():
        chains = [replace(base, length=k) for k in lengths]
        exact = float(np.mean([c.jsd() for c in chains]))
        results: dict[str, list[tuple[float, float, bool]]] = {"ratio": [], "path": []}
        for _ in range(replicates):
            rows: list[tuple[Any, Any, Any, Any]] = []
            for arm in (0, 1):
                which = rng.integers(len(chains), size=1000)
                for k, c in enumerate(chains):
                    x = c.sample(arm, int((which == k).sum()), rng)
                    p, q = c.log_likelihoods(x)
                    rows.append((p, q, c.path_information(x), np.full(len(x), arm)))
            p, q, path, arms = (np.concatenate(column) for column in zip(*rows, strict=True))
            order = rng.permutation(len(p))
            for name, estimate in (
                ("ratio", certify_likelihood_ratio(p[order], q[order], arms[order], 0.95, design="iid").jsd),
                ("path", certify_path_information(path[order], arms[order], max(lengths), 0.95)),
            ):
                i = estimate.interval
                results[name].append((estimate.value, i.upper - i.lower, not i.lower <= exact <= i.upper))
        row: dict[str, Any] = {"sequences": label, "exact": exact}
        for name, values in results.items():
            row[name] = {
                "mean": float(np.mean([f[0] for f in values])),
                "sd": float(np.std([f[0] for f in values])),
                "width": float(np.mean([f[1] for f in values])),
                "misses": sum(f[2] for f in values),
            }
        out.append(row)
    return out


def batches(replicates: int) -> dict[str, Any]:
    """The minibatch penalty on items of very different laws: its mean, spread and the full-set value."""
    rng = np.random.default_rng(23)
    retain, forget = (rng.dirichlet(np.full(512, 0.02), 600) for _ in range(2))
    full = float(jensen_shannon(retain.mean(0), forget.mean(0)))
    rows = []
    for size in (8, 32, 128, 512):
        values, floors = [], []
        for _ in range(5 * replicates):
            a, b = (x[rng.choice(600, size, replace=False)] for x in (retain, forget))
            c = retain[rng.choice(600, size, replace=False)]
            values.append(float(jensen_shannon(a.mean(0), b.mean(0))))
            floors.append(float(jensen_shannon(a.mean(0), c.mean(0))))
        mean = float(np.mean(values))
        rows.append(
            {
                "size": size,
                "mean": mean,
                "sd": float(np.std(values)),
                "times": mean / full,
                "debiased": mean - float(np.mean(floors)),
            }
        )
    return {"full": full, "batches": rows}


def part(n: Mapping[str, Any]) -> list[str]:
    """Both tables."""
    lines = markdown_table(
        [
            "sequences",
            "exact JSD",
            "likelihood ratio, n = 2,000: mean (sd), width",
            "per-token sums, n = 2,000: mean (sd), width",
            "misses of 95 % intervals",
        ]
    )
    for r in n["rows"]:
        both = (r["ratio"], r["path"])
        cells = [f"{x['mean']:.4f} ({x['sd']:.4f}), {x['width']:.4f}" for x in both]
        misses = f"{both[0]['misses']} and {both[1]['misses']} of {n['replicates']}"
        lines.append(f"| {r['sequences']} | {r['exact']:.4f} | {' | '.join(cells)} | {misses} |")
    return [
        *lines,
        "",
        f"Pooled JSD of 600 and 600 heterogeneous next-token laws over 512 symbols, full value {n['full']:.5f}; from minibatches as a penalty sees it:",
        "",
        *markdown_table(
            ["batch (each side)", "mean", "sd", "over the full value", "same, retain against retain subtracted"]
        ),
        *(
            f"| {b['size']} | {b['mean']:.5f} | {b['sd']:.5f} | {b['times']:.1f} x | {b['debiased']:+.5f} |"
            for b in n["batches"]
        ),
    ]
