"""The pairs of a finished run: what each compares, from the numbers of its own evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.audit.results import Run
from experiments.measures.pairs import PAIRS
from mari_theory import forget_total_variation, marginal_information
from mari_theory.certificates.files import read_pool, read_scores


def test_marginal_information_is_diluted_by_the_share_of_forget(finished: Path) -> None:
    run = Run.load(finished)
    n, k = run.corpus.retain, run.corpus.forget
    for row in run.rows:
        found = row.pairs["marginal"]
        share = found.numbers["share"]
        assert share == k / (k + n) and found.certificate.claim.pair == "marginal"
        pool = read_pool(finished / "scores" / found.certificate.evidence[0].file)
        assert (pool.n, pool.m) == (n, n + k)
        forget = (pool.q_mean - (1 - share) * pool.p_mean) / share
        assert forget.min() > -1e-12 and forget.sum() == pytest.approx(1.0)
        made = float(marginal_information(pool.p_mean, forget.clip(min=0) / forget.clip(min=0).sum(), share))
        assert found.numbers["value"] == pytest.approx(made, rel=1e-6)
        assert found.numbers["forget_total_variation"] == forget_total_variation(found.certificate.claim.upper, share)


def test_an_oracle_is_compared_with_the_others_and_the_original_with_no_shift(finished: Path) -> None:
    rows = {row.name: row for row in Run.load(finished).rows}
    assert [name for name, row in rows.items() if "shift" not in row.pairs] == ["original"]

    def arm(name: str, pair: str) -> list[str]:
        return list(read_scores(finished / "scores" / f"{name}-{pair}.parquet").metadata["arm_p"])

    assert arm("original", "oracle") == arm("oracle-0", "oracle") == ["oracle-1"]
    assert arm("mari-pooled-1", "shift") == ["original"]


@pytest.mark.parametrize("name", PAIRS)
def test_texts_have_the_numbers_of_the_result(finished: Path, name: str) -> None:
    found = Run.load(finished).rows[1].pairs[name]
    text = PAIRS[name].text(found)
    shown = [float(x) for x in text.replace("(", " ").replace(")", " ").replace("to", " ").split()]
    claim, numbers = found.certificate.claim, found.numbers
    exact = {
        "marginal": [numbers.get("value"), numbers.get("floor")],
    }.get(name, [claim.lower, claim.upper])
    assert shown == pytest.approx(exact, abs=5.1e-4)
