"""`check` re-derives every number by itself: honest certificates of every kind hold, and lines name what does not."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jaxtyping import TypeCheckError

import mari_theory.certificates as package
from estimators.certify import certify_files
from mari_theory import ArgumentError, Certificate, check
from mari_theory.certificates.arrangement import SAMPLED
from mari_theory.certificates.certificate import parse
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


@pytest.mark.parametrize("interval", SAMPLED)
@pytest.mark.parametrize("n", [2, 200, 4500])
def test_every_number_of_a_score_certificate_is_rederived(tmp_path: Path, interval: str, n: int) -> None:
    evidence = coins(tmp_path / "s.parquet", n, m=2)
    made = certify_files([evidence], interval=interval)
    lines = check(made, [evidence])
    assert [str(x) for x in lines if not x.ok] == [] and len(lines) > 80


@pytest.mark.parametrize("p", [(0.2, 0.8), (0.5, 0.5001), (0.0, 1.0), (1e-6, 0.999999), (0.001, 0.001)])
@pytest.mark.parametrize("n", [30, 3000])
def test_near_constant_terms_are_certified_as_tightly_as_they_are_checked(
    tmp_path: Path, p: tuple[float, float], n: int
) -> None:
    arm = np.repeat([0, 1], n)
    rows = coin_rows(*p, arm, np.random.default_rng(0))
    if p[0] == p[1]:
        rows = rows[0], rows[0] + 1e-9 * np.random.default_rng(1).normal(size=2 * n)
    certified(write_rows(tmp_path / "s.parquet", arm, *rows))


def test_a_prompt_told_apart_with_certainty_cannot_be_denied_its_room(tmp_path: Path) -> None:
    """The float nearest ln 2 lies below it: room for none of one prompt was accepted at an upper end of ln 2."""
    evidence = coins(tmp_path / "far.parquet", 40, p=0.0, q=1.0)
    data = certified(evidence).data()
    assert (data["room"]["prompts"], data["room"]["at_ln2"]) == (1, 1)
    data["room"]["at_ln2"] = 0
    assert failures(parse(data), [evidence]) == ["FAIL room at_ln2: claimed 0, recomputed 1"]


@pytest.mark.parametrize("trust", ["likelihoods", "none"])
def test_likelihoods_beyond_any_exponent_are_certified_and_checked_alike(tmp_path: Path, trust: str) -> None:
    """-1e308 beside -inf was cut to one number in one place and not in the other."""
    arm = np.repeat([0, 1], 39)
    log_p, log_q = np.where(arm == 0, 0.0, -np.inf), np.where(arm == 0, -np.inf, 0.0)
    log_p[0] = -1e308
    certified(write_rows(tmp_path / "s.parquet", arm, log_p, log_q), trust=trust)


@pytest.mark.parametrize("spread", [1e-6, 1e-3, 1.0, 30.0])
def test_continuous_terms_in_bins_are_certified_within_the_checkers_room(tmp_path: Path, spread: float) -> None:
    """More different values than are kept apart: the certifier's bins cost little enough to be accepted."""
    rng, arm = np.random.default_rng(0), np.repeat([0, 1], 3000)
    gap = 2 * (
        rng.normal(size=6000) * spread + np.where(arm == 1, 1, -1) * spread**2
    )  # the log-odds of two normal laws
    base = -60.0 - np.abs(gap)
    certified(write_rows(tmp_path / "s.parquet", arm, base, base + gap))


@pytest.mark.parametrize("finite", [True, False])
@pytest.mark.parametrize("interval", ["pooled-fast-rate", "pooled-bounded-differences"])
def test_every_number_of_a_pool_certificate_is_rederived(tmp_path: Path, finite: bool, interval: str) -> None:
    made = certified(pool(tmp_path / "p.npz", finite), interval=interval)
    assert (made.claim.method == "finite-population") == finite


def test_several_files_are_one_sample(tmp_path: Path) -> None:
    made = certified([coins(tmp_path / f"{k}.parquet", 150, k) for k in range(3)])
    assert made.claim.n == 900


@pytest.mark.parametrize("seed", range(3))
def test_margins_beside_an_owners_end_do_not_split_certify_and_check(tmp_path: Path, seed: int) -> None:
    """Where an owner's end or e-value lies next to the margin, both sides must count alike."""
    rng = np.random.default_rng(seed)
    path = coins(tmp_path / "s.parquet", 300, seed, 0.2, 0.2 + 0.5 * rng.random(), m=6, owners=3, design="independent")
    made = certify_files([path])
    assert made.owners is not None
    for at in (made.owners.worst_upper, made.owners.worst_lower, made.claim.upper, made.claim.lower):
        for margin in (at, at * (1 - 1e-9)):
            certified(path, margin=margin)


def test_changed_evidence_is_one_failed_line(tmp_path: Path) -> None:
    made = certify_files([coins(tmp_path / "s.parquet")])
    found = failures(made, [coins(tmp_path / "t.parquet", seed=1)])
    assert "evidence s.parquet sha256" in found[0] and all(x.startswith("FAIL evidence s.parquet") for x in found)


def test_evidence_of_another_name_and_place_holds_by_its_bytes(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet")
    made = certify_files([path])
    assert failures(made, [path.rename(tmp_path / "renamed")]) == []


def test_too_few_or_missing_files_are_bad_input(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet")
    made = certify_files([path])
    for files in ([], [path, path], [tmp_path / "absent.parquet"]):
        with pytest.raises(ArgumentError):
            check(made, files)


def test_evidence_that_contradicts_the_claim_is_a_failed_line_with_the_reason(tmp_path: Path) -> None:
    from mari_theory.certificates.files import row_digest, sha256

    good = coins(tmp_path / "s.parquet", 2000, p=0.3, q=0.6)
    arm = np.repeat([0, 1], 2000)
    log_p, log_q = coin_rows(0.3, 0.6, arm, np.random.default_rng(0))
    halved = write_rows(tmp_path / "h.parquet", arm, log_p / 2, log_q / 2)
    data = certify_files([good]).data()
    data["evidence"][0] |= {"sha256": sha256(halved), "rows_digest": row_digest(halved), "bytes": halved.stat().st_size}
    found = failures(parse(data), [halved])
    assert len(found) == 1 and "2 times too small" in found[0] and "T31" in found[0]


EDITS: list[tuple[str, Any]] = [
    ("claim/upper", lambda v: v * 0.99),
    ("claim/upper", lambda v: v * 1.05),
    ("claim/lower", lambda v: v + 1e-5),
    ("claim/estimate", lambda v: v + 1e-6),
    ("claim/n", lambda v: v + 1),
    ("direct/total_variation/upper", lambda v: v - 1e-4),
    ("direct/auc/upper", lambda v: v - 1e-4),
    ("direct/roc/tpr_high", lambda v: [x - 0.01 if x > 0.5 else x for x in v]),
    ("implies/max_accuracy", lambda v: v - 1e-5),
    ("implies/max_auc", lambda v: v - 1e-5),
    ("implies/max_tpr_at_fpr_0.01", lambda v: v - 1e-5),
    ("implies/outputs_for_accuracy_0.9", lambda v: v + 1),
    ("implies/delta_at_epsilon_1", lambda v: v - 1e-5),
    ("owners/worst_upper", lambda v: v - 1e-4),
    ("owners/worst_lower", lambda v: v + 1e-4),
    ("prompts/fewest_rows", lambda v: v + 1),
    ("prompts/pairs_needed", lambda v: v - 1),
    ("room/at_ln2", lambda v: v + 1),
    ("levels/owners", lambda v: 0.0),
    ("errors/statistical", lambda v: v / 2),
    ("verdict", lambda v: "equivalent within margin"),
]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    path = coins(tmp_path_factory.mktemp("h") / "s.parquet", 200, m=4, owners=2)
    return path, certified(path).data()


@pytest.mark.parametrize(("where", "change"), EDITS, ids=[f"{w}-{k}" for k, (w, _) in enumerate(EDITS)])
def test_the_failed_line_names_the_number(honest: tuple[Path, dict[str, Any]], where: str, change: Any) -> None:
    data = json.loads(json.dumps(honest[1]))
    *path, last = where.split("/")
    spot = data
    for key in path:
        spot = spot[key]
    spot[last] = change(spot[last])
    failed = [x.name for x in check(parse(data), [honest[0]]) if not x.ok]
    assert any(last in name or " ".join([*path, last][:2]) in name or path[:1] == ["errors"] for name in failed), failed


def test_the_package_stands_alone() -> None:
    """The checker imports nothing that makes certificates, and stays short enough to be read."""
    for source in Path(package.__path__[0]).glob("*.py"):
        tree = ast.parse(source.read_text())
        names = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        names += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
        assert not any(n.startswith(("estimators", "experiments", "proofs", "benchmarks")) for n in names), source.name
        assert source.read_text().count("\n") <= 720, source.name


def test_the_signers_pair_is_never_guessed(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="oracle, as the file says"):
        certify_files([coins(tmp_path / "s.parquet")], pair="marginal")


def test_option_and_pool_files_refuse_what_only_scores_allow(tmp_path: Path) -> None:
    for path in (option_file(tmp_path / "o.parquet"), pool(tmp_path / "p.npz")):
        refused: tuple[dict[str, Any], ...] = (
            {"population": "prompts-like-these"},
            {"trust": "none"},
            {"interval": "betting"},
        )
        for asked in refused:
            with pytest.raises(ArgumentError):
                certify_files([path], **asked)
        data = certified(path).data()
        for key, value in (("population", "prompts-like-these"), ("trust", "none"), ("method", "order-free")):
            data["request"][key], before = value, data["request"][key]
            assert failures(Certificate.model_validate_json(json.dumps(data)), [path])
            data["request"][key] = before


@pytest.mark.parametrize("asked", [{"simultaneous": True}, {"population": "prompts-like-these"}, {"trust": "none"}])
def test_every_request_is_rederived(tmp_path: Path, asked: dict[str, object]) -> None:
    certificate = certified(coins(tmp_path / "s.parquet", 600, m=12, owners=4), **asked)
    if asked.get("simultaneous"):
        assert certificate.levels.together == pytest.approx(0.05)
        assert certificate.levels.divergence < 0.05
    if asked.get("trust") == "none":
        assert certificate.claim.upper == pytest.approx(np.log(2)) and certificate.rests_on.lower == "no-trust"


def test_an_end_moved_inwards_by_one_part_in_a_million_is_refused(tmp_path: Path) -> None:
    evidence = coins(tmp_path / "s.parquet", 400)
    for interval in SAMPLED:
        made = certify_files([evidence], interval=interval)
        c = made.claim
        for key, value in (("upper", c.upper - 1e-6), ("lower", c.lower + 1e-6)):
            if 0.0 < getattr(c, key) < np.log(2):
                moved = made.model_copy(update={"claim": c.model_copy(update={key: value})})
                assert any(f"claim {key} proved" in x for x in failures(moved, [evidence])), (interval, key)


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


def test_what_is_no_question_is_refused(tmp_path: Path) -> None:
    evidence = [coins(tmp_path / "s.parquet")]
    with pytest.raises((ArgumentError, TypeCheckError)):  # the run's own type checks may come first
        certify_files(evidence, 0.9)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="interval: expected order-free"):
        certify_files(evidence, interval="")
