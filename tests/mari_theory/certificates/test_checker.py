"""Every certificate that `certify` makes is re-derived line by line; the checker stands alone."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import mari_theory.certificates as package
from estimators.certify import certify_files
from mari_theory import ArgumentError, check
from tests.mari_theory.certificates.build import (
    certified,
    coin_jsd,
    coin_rows,
    coins,
    failures,
    option_file,
    pool,
    write_rows,
)

METHODS = ("order-free", "betting", "betting-anytime", "hoeffding", "maurer-pontil")


@pytest.mark.parametrize("interval", METHODS)
@pytest.mark.parametrize("n", [3, 400, 5000])
def test_every_line_of_a_score_certificate_is_rederived(tmp_path: Path, interval: str, n: int) -> None:
    evidence = coins(tmp_path / "s.parquet", n, m=1 if n == 3 else 4)
    certificate = certified(evidence, interval=interval)
    assert len(check(certificate, [evidence])) > 60


@pytest.mark.parametrize("asked", [{"simultaneous": True}, {"population": "prompts-like-these"}, {"trust": "none"}])
def test_every_request_is_rederived(tmp_path: Path, asked: dict[str, object]) -> None:
    certificate = certified(coins(tmp_path / "s.parquet", 600, m=12, owners=4), **asked)
    if asked.get("simultaneous"):
        assert certificate.levels.together == pytest.approx(0.05)
        assert certificate.levels.divergence < 0.05
    if asked.get("trust") == "none":
        assert certificate.claim.upper == pytest.approx(np.log(2)) and certificate.rests_on.lower == "no-trust"


@pytest.mark.parametrize("finite", [True, False])
@pytest.mark.parametrize("interval", ["pooled-fast-rate", "pooled-bounded-differences"])
def test_every_line_of_a_pool_certificate_is_rederived(tmp_path: Path, finite: bool, interval: str) -> None:
    certificate = certified(pool(tmp_path / "p.npz", finite), interval=interval)
    assert (certificate.claim.method == "finite-population") == finite


def test_several_files_are_one_sample(tmp_path: Path) -> None:
    files = [coins(tmp_path / f"{k}.parquet", 150, k) for k in range(3)]
    assert certified(files).claim.n == 900


def test_changed_evidence_is_caught_by_its_bytes(tmp_path: Path) -> None:
    certificate = certified(coins(tmp_path / "s.parquet", seed=0))
    other = coins(tmp_path / "t.parquet", seed=1)
    assert any("sha256" in x for x in failures(certificate, [other]))


def test_an_end_moved_inwards_by_one_part_in_a_million_is_refused(tmp_path: Path) -> None:
    evidence = coins(tmp_path / "s.parquet", 400)
    for interval in METHODS:
        made = certify_files([evidence], interval=interval)
        c = made.claim
        for key, value in (("upper", c.upper - 1e-6), ("lower", c.lower + 1e-6)):
            if 0.0 < getattr(c, key) < np.log(2):
                moved = made.model_copy(update={"claim": c.model_copy(update={key: value})})
                assert any(f"claim {key} proved" in x for x in failures(moved, [evidence])), (interval, key)


def test_files_must_be_as_many_as_the_certificate_names(tmp_path: Path) -> None:
    evidence = coins(tmp_path / "s.parquet")
    with pytest.raises(ArgumentError, match="1 files"):
        check(certify_files([evidence]), [evidence, evidence])


def test_the_checker_imports_nothing_that_makes_certificates_and_each_file_is_short() -> None:
    for source in Path(package.__file__).parent.glob("*.py"):
        text = source.read_text()
        names = [n.module or "" for n in ast.walk(ast.parse(text)) if isinstance(n, ast.ImportFrom)]
        assert not any(n.startswith(("estimators", "experiments", "proofs")) for n in names), source.name
        if source.name.startswith("check"):
            assert text.count("\n") <= 400, source.name


def test_an_owner_is_named_by_closed_testing(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arm = np.tile(np.repeat([0, 1], 150), 6)
    owner = np.repeat(np.arange(6), 300)
    q = np.where(owner == 2, 0.9, 0.5)
    path = write_rows(tmp_path / "s.parquet", arm, *coin_rows(0.5, q, arm, rng), owner, owner, design="independent")
    made = certified(path, margin=0.05)
    assert made.owners is not None
    assert made.owners.above_margin == ("o2",) and made.owners.worst_upper_at == "o2"
    assert 0.05 < made.owners.worst_lower < float(coin_jsd(0.5, 0.9)) < made.owners.worst_upper
    assert made.verdict == "detectable"


def test_exact_laws_need_no_level(tmp_path: Path) -> None:
    made = certified(option_file(tmp_path / "o.parquet"), margin=0.02)
    assert made.levels.together == 0.0 and made.claim.confidence == 1.0
    assert made.claim.upper - made.claim.lower < 1e-10


@pytest.mark.parametrize("asked", [{"owner": "o1"}, {"prompt": "p1"}])
def test_a_certificate_about_one_owner_or_prompt_is_about_its_rows(tmp_path: Path, asked: dict[str, str]) -> None:
    """The same numbers as over a file that holds these rows only; the other owner's claim is not this one's."""
    evidence = coins(tmp_path / "s.parquet", 300, m=4, owners=2, design=None)
    made = certified(evidence, **asked)
    assert "unit-named-before" in made.assumptions and next(iter(asked.values())) in str(made)
    assert made.claim.prompts == (2 if "owner" in asked else 1) and made.claim.n < 400
    other = made.model_copy(
        update={"request": made.request.model_copy(update={k: v[0] + "0" for k, v in asked.items()})}
    )
    assert failures(other, [evidence])
    with pytest.raises(ArgumentError, match="expected one of"):
        certify_files([evidence], owner="nobody")


def test_option_files_and_pools_know_owners_or_refuse_them(tmp_path: Path) -> None:
    made = certified(option_file(tmp_path / "o.parquet"), owner="o1")
    assert made.claim.prompts == 2 and made.prompts is not None and made.prompts.worst_upper_at in ("p2", "p3")
    with pytest.raises(ArgumentError, match="averages over all"):
        certify_files([pool(tmp_path / "p.npz")], owner="o1")
