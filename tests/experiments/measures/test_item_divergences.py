"""Item by item: the ends hold the divergence of a hand-made law, and average to the certificate's."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.measures.item_divergences import item_divergences
from mari_theory import jensen_shannon
from mari_theory.certificates.option_files import write_options

P = np.array([[0.5, 0.5], [0.9, 0.1]])
Q = np.array([[0.5, 0.5], [0.2, 0.8]])


def test_the_ends_hold_the_divergence_of_every_prompt(tmp_path: Path) -> None:
    rows = [
        (arm, f"forget-{k}", option, float(np.log(x)))
        for arm, laws in enumerate((P, Q))
        for k, law in enumerate(laws)
        for option, x in zip("ab", law, strict=True)
    ]
    columns = {
        "arm": [r[0] for r in rows],
        "model": [("p", "q")[r[0]] for r in rows],
        "prompt_id": [r[1] for r in rows],
        "cluster_id": ["one"] * len(rows),
        "place": [0] * len(rows),
        "option": [r[2] for r in rows],
        "log_weight": [r[3] for r in rows],
    }
    path = tmp_path / "laws.parquet"
    write_options(path, columns, {"pair": "oracle", "access": "choice", "design": "complete"})
    ends = item_divergences(path)
    assert list(ends) == ["forget-0", "forget-1"] and ends["forget-0"][0] == 0.0
    for (low, high), p, q in zip(ends.values(), P, Q, strict=True):
        assert low <= float(jensen_shannon(p, q)) <= high and high - low < 1e-10
