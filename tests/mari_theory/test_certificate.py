"""Certificates, their checker, and evidence files in every broken shape."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from estimators.certify import certify_files
from mari_theory import ArgumentError, Certificate, check
from mari_theory.certificates.files import Pool, read_pool, read_scores, write_pool, write_scores


def make_scores(path: Path, n: int = 400, seed: int = 0, pair: str = "oracle") -> Path:
    rng = np.random.default_rng(seed)
    arm = rng.integers(0, 2, n)
    arm[0], arm[-1] = 0, 1
    x = rng.random(n) < np.where(arm == 0, 0.3, 0.5)
    columns = {
        "prompt_id": ["p"] * n,
        "cluster_id": ["c"] * n,
        "arm": arm,
        "log_p": np.log(np.where(x, 0.3, 0.7)),
        "log_q": np.log(np.where(x, 0.5, 0.5)),
        "tokens": np.ones(n, dtype=int),
    }
    write_scores(path, columns, {"pair": pair})
    return path


def make_pool(path: Path, finite: bool) -> Path:
    rng = np.random.default_rng(1)
    p, q = rng.dirichlet(np.ones(40), size=2)
    write_pool(path, Pool(p, 0.8 * p + 0.2 * q, 500, 600, {"pair": "marginal", "finite_population": finite}))
    return path


@pytest.mark.parametrize("interval", ["betting", "betting-anytime", "hoeffding", "maurer-pontil"])
@pytest.mark.parametrize("n", [3, 400, 9000])
def test_every_number_of_a_score_certificate_is_rederived(tmp_path: Path, interval: str, n: int) -> None:
    evidence = make_scores(tmp_path / "s.parquet", n)
    certify_files([evidence], interval=interval).save(tmp_path / "c.json")
    numbers = check(Certificate.load(tmp_path / "c.json"), [evidence])
    assert [str(x) for x in numbers if not x.ok] == []
    assert len(numbers) > 25


@pytest.mark.parametrize("finite", [True, False])
@pytest.mark.parametrize("interval", ["pooled-fast-rate", "pooled-bounded-differences"])
def test_every_number_of_a_pool_certificate_is_rederived(tmp_path: Path, finite: bool, interval: str) -> None:
    evidence = make_pool(tmp_path / "p.npz", finite)
    certificate = certify_files([evidence], interval=interval)
    assert [str(x) for x in check(certificate, [evidence]) if not x.ok] == []
    assert (certificate.claim["method"] == "finite-population") == finite


def test_several_files_are_one_sample(tmp_path: Path) -> None:
    files = [make_scores(tmp_path / f"{k}.parquet", 300, k) for k in range(3)]
    certificate = certify_files(files)
    assert certificate.claim["n"] == 900
    assert all(x.ok for x in check(certificate, files))


EDITS = [
    (("claim", "upper"), lambda v: v * 0.99),
    (("claim", "upper"), lambda v: v * 1.01),
    (("claim", "lower"), lambda v: v + 1e-5),
    (("claim", "estimate"), lambda v: v + 1e-6),
    (("claim", "n"), lambda v: v + 1),
    (("claim", "confidence"), lambda v: 0.99),
    (("claim", "pair"), lambda v: "marginal"),
    (("direct", "total_variation", "upper"), lambda v: v - 1e-4),
    (("direct", "auc", "upper"), lambda v: v - 1e-4),
    (("direct", "roc", "tpr_high"), lambda v: [x - 0.01 for x in v]),
    (("implies", "max_accuracy"), lambda v: v - 1e-5),
    (("implies", "max_auc"), lambda v: v - 1e-5),
    (("implies", "max_tpr_at_fpr_0.01"), lambda v: v - 1e-5),
    (("implies", "outputs_for_accuracy_0.9"), lambda v: v + 1),
    (("implies", "delta_at_epsilon_1"), lambda v: v - 1e-5),
    (("errors", "statistical"), lambda v: v / 2),
    (("verdict",), lambda v: "equivalent within margin"),
]


@pytest.mark.parametrize(("where", "change"), EDITS, ids=[".".join(w) + f"-{k}" for k, (w, _) in enumerate(EDITS)])
def test_a_certificate_edited_by_hand_is_caught_by_name(tmp_path: Path, where: tuple[str, ...], change) -> None:
    evidence = make_scores(tmp_path / "s.parquet")
    data = asdict(certify_files([evidence]))
    spot = data
    for key in where[:-1]:
        spot = spot[key]
    spot[where[-1]] = change(spot[where[-1]])
    (tmp_path / "c.json").write_text(json.dumps(data))
    failed = [x.name for x in check(Certificate.load(tmp_path / "c.json"), [evidence]) if not x.ok]
    assert failed
    if where[-1] not in ("confidence",):
        assert any(where[-1] in name or " ".join(where[:2]) in name for name in failed), failed


def test_changed_evidence_is_caught(tmp_path: Path) -> None:
    evidence = make_scores(tmp_path / "s.parquet", seed=0)
    certificate = certify_files([evidence])
    other = make_scores(tmp_path / "t.parquet", seed=1)
    failed = [x.name for x in check(certificate, [other]) if not x.ok]
    assert "evidence s.parquet sha256" in failed and "claim upper" in failed


def test_certificates_say_what_they_are_about(tmp_path: Path) -> None:
    certificate = certify_files([make_scores(tmp_path / "s.parquet")])
    assert certificate.access == "one sampled output together with its prompt"
    assert any("greedy" in a for a in certificate.assumptions)
    assert "oracle pair" in str(certificate)


def rewrite(path: Path, name: str, values: pa.Array | None) -> None:
    table = pq.read_table(path)
    index = table.column_names.index(name)
    table = table.remove_column(index) if values is None else table.set_column(index, name, values)
    pq.write_table(table, path)


N = 400
BROKEN = {
    "truncated": lambda f: f.write_bytes(f.read_bytes()[:-200]),
    "not parquet": lambda f: f.write_bytes(b"hello world, this is no parquet"),
    "empty": lambda f: f.write_bytes(b""),
    "missing": lambda f: f.unlink(),
    "no column": lambda f: rewrite(f, "log_q", None),
    "wrong type": lambda f: rewrite(f, "log_p", pa.array(["x"] * N)),
    "arm as text": lambda f: rewrite(f, "arm", pa.array(["0"] * N)),
    "arm 2": lambda f: rewrite(f, "arm", pa.array([2] * N, pa.int8())),
    "one arm": lambda f: rewrite(f, "arm", pa.array([0] * N, pa.int8())),
    "nan": lambda f: rewrite(f, "log_p", pa.array([math.nan] * N)),
    "plus infinity": lambda f: rewrite(f, "log_p", pa.array([math.inf] * N)),
    "above zero": lambda f: rewrite(f, "log_q", pa.array([0.1] * N)),
    "impossible": lambda f: rewrite(f, "log_p", pa.array([-math.inf] * N)),
    "null": lambda f: rewrite(f, "log_p", pa.array([None] * N, pa.float64())),
    "no rows": lambda f: pq.write_table(pq.read_table(f).slice(0, 0), f),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_score_files_are_refused_in_one_line(tmp_path: Path, fault: str) -> None:
    path = make_scores(tmp_path / "s.parquet", N)
    BROKEN[fault](path)
    with pytest.raises(ArgumentError) as error:
        certify_files([path])
    assert "\n" not in str(error.value) and "expected" in str(error.value)


BROKEN_POOLS = {
    "negative": {"p_mean": np.array([1.5, -0.5])},
    "unnormalised": {"q_mean": np.array([0.5, 0.50001])},
    "nan": {"p_mean": np.array([np.nan, 1.0])},
    "mismatched vocabularies": {"p_mean": np.array([0.5, 0.25, 0.25])},
    "no counts": {"n": np.int64(0)},
    "missing array": {"p_mean": None},
}


@pytest.mark.parametrize("fault", BROKEN_POOLS)
def test_broken_pool_files_are_refused(tmp_path: Path, fault: str) -> None:
    arrays = {"p_mean": np.array([0.5, 0.5]), "q_mean": np.array([0.5, 0.5]), "n": np.int64(5), "m": np.int64(5)}
    arrays = {k: v for k, v in {**arrays, **BROKEN_POOLS[fault]}.items() if v is not None}
    np.savez(tmp_path / "p.npz", **arrays)
    with pytest.raises(ArgumentError, match="expected"):
        certify_files([tmp_path / "p.npz"])


def test_truncated_pool_files_are_refused(tmp_path: Path) -> None:
    path = make_pool(tmp_path / "p.npz", True)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ArgumentError, match="complete NPZ"):
        read_pool(path)


def test_files_of_different_pairs_are_never_mixed(tmp_path: Path) -> None:
    files = [make_scores(tmp_path / "a.parquet", pair="oracle"), make_scores(tmp_path / "b.parquet", pair="shift")]
    with pytest.raises(ArgumentError, match="one pair"):
        certify_files(files)


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises((ArgumentError, KeyError)):
        write_scores(tmp_path / "s.parquet", {}, {"pair": "oracle"})
    with pytest.raises(ArgumentError, match="pair"):
        write_scores(tmp_path / "s.parquet", {}, {"pair": "other"})
    assert list(tmp_path.iterdir()) == []


def test_metadata_travels(tmp_path: Path) -> None:
    assert read_scores(make_scores(tmp_path / "s.parquet")).metadata["pair"] == "oracle"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "other"}', '{"format": "mari-certificate/1"}'])
def test_foreign_certificates_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(ArgumentError, match="certificate"):
        Certificate.load(tmp_path / "c.json")


def test_the_checker_stands_alone() -> None:
    import ast

    import mari_theory.certificates.checker as checker

    source = Path(checker.__file__).read_text()
    assert source.count("\n") <= 300
    names = [n.module or "" for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ImportFrom)]
    assert not any(n.startswith(("estimators", "experiments")) for n in names)


def test_the_pair_is_the_files_and_is_never_guessed(tmp_path: Path) -> None:
    path = make_scores(tmp_path / "s.parquet")
    with pytest.raises(ArgumentError, match="oracle, as the file says"):
        certify_files([path], pair="marginal")
    table = pq.read_table(path).replace_schema_metadata({})
    pq.write_table(table, path)
    with pytest.raises(ArgumentError, match="does not say"):
        certify_files([path])
    assert certify_files([path], pair="shift").claim["pair"] == "shift"
