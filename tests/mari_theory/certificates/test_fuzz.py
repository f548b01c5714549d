"""Spoiled certificates and spoiled evidence: nothing stronger than the evidence is accepted, and nothing ends in a traceback."""

from __future__ import annotations

import contextlib
import functools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from estimators.certify import certify_files
from mari_theory import ArgumentError, Certificate, check
from mari_theory.certificates import check_exact, check_sampled, checker, files
from mari_theory.certificates.certificate import parse
from mari_theory.certificates.files import row_digest, sha256, strict_json
from tests.mari_theory.certificates.build import coin_rows, coins, option_file, pool, write_rows
from tests.mari_theory.certificates.judge import stronger
from tests.mari_theory.certificates.mutations import Data, mutated, spoil_evidence


def evidence(folder: Path) -> dict[str, list[Path]]:
    """Small files of every kind."""
    arm = np.repeat([0, 1], [35, 25])
    prompt = np.tile(np.arange(5), 12)
    rows = coin_rows(0.2, 0.6, arm, np.random.default_rng(3))
    silent = coins(folder / "silent.parquet", 30, seed=8, m=2, design=None)
    pq.write_table(pq.read_table(silent).replace_schema_metadata({}), silent)
    return {
        "iid": [
            coins(
                folder / "iid.parquet",
                60,
                m=4,
                owners=2,
                p=0.1,
                q=0.7,
                draw=np.arange(120),
                arm_p="A",
                seed=1,
                epochs=1,
            )
        ],
        "far": [coins(folder / "far.parquet", 40, p=0.0, q=1.0)],
        "unequal": [write_rows(folder / "u.parquet", arm, *rows, prompt, prompt // 2, design="independent")],
        "no design": [coins(folder / "n.parquet", 40, seed=2, m=3, design=None)],
        "anytime": [coins(folder / "a.parquet", 50, seed=4, stopping="anytime")],
        "two": [coins(folder / f"t{k}.parquet", 30, seed=5 + k, m=2, host=k) for k in (0, 1)],
        "refuted": [coins(folder / "r.parquet", 30, seed=7, refuted_by="an audited lower bound")],
        "silent": [silent],
        "marginal": [coins(folder / "m.parquet", 30, seed=9, pair="marginal", share=0.2)],
        "options": [option_file(folder / "o.parquet")],
        "rest": [option_file(folder / "w.parquet", 1, rest="w1", far=0.1)],
        "pool": [pool(folder / "p.npz", symbols=6)],
        "dependent pool": [pool(folder / "d.npz", symbols=6, arms="same")],
        "complete pool": [pool(folder / "f.npz", True, symbols=6)],
    }


ASKED: dict[str, list[dict[str, Any]]] = {
    "iid": [
        {},
        {"interval": "betting"},
        {"interval": "betting-anytime"},
        {"interval": "hoeffding"},
        {"interval": "maurer-pontil"},
        {"simultaneous": True},
        {"population": "prompts-like-these"},
        {"trust": "none"},
        {"owner": "o1"},
        {"prompt": "p1", "margin": 0.5},
        {"margin": 0.0, "confidence": 0.8},
    ],
    "far": [{}, {"trust": "none"}],
    "unequal": [{}, {"interval": "hoeffding"}, {"population": "prompts-like-these", "margin": 0.3}],
    "anytime": [{"interval": "betting-anytime"}],
    "silent": [{"pair": "shift"}],
    "options": [{}, {"margin": 0.03}, {"owner": "o0"}],
    "rest": [{"margin": 0.2}],
    "pool": [{}, {"interval": "pooled-bounded-differences"}, {"simultaneous": True}],
}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[list[Path], Data]]:
    """Certificates of every kind with their evidence, each accepted as it stands."""
    out = []
    for name, paths in evidence(tmp_path_factory.mktemp("honest")).items():
        for asked in ASKED.get(name, [{}]):
            made = certify_files(paths, **asked)
            assert all(x.ok for x in check(made, paths)), (name, asked)
            assert stronger(made, paths) is None
            out.append((paths, made.data()))
    return out


@pytest.fixture(scope="module")
def remembered() -> Iterator[None]:
    """Files are read once and pure functions of them computed once: the checker itself runs every time."""
    patch = pytest.MonkeyPatch()

    def keep(module: Any, name: str, key: Callable[..., Any] = lambda *a: a) -> None:
        plain, seen = getattr(module, name), {}

        @functools.wraps(plain)
        def once(*a: Any) -> Any:
            k = key(*a)
            if k not in seen:
                seen[k] = plain(*a), a  # arguments stay alive, so that no other object gets their id
            made = seen[k][0]
            return dict(made) if isinstance(made, dict) else made

        patch.setattr(module, name, once)

    for name in ("sha256", "kind_of", "row_digest"):
        keep(files, name)
    keep(check_sampled, "read_scores")
    for name in ("read_options", "read_pool"):
        keep(check_exact, name)
    for kind in (files.Scores, files.Options):
        keep(kind, "only", lambda s, *a: (id(s), *a))
    for name in ("refuse_contradictions", "RocBandEnds", "unit_ends"):
        keep(check_sampled, name, lambda s, *a: (id(s), *a))
    keep(check_sampled, "UnitCheck", lambda s, codes, names, *a: (id(s), names, *a))
    keep(check_exact, "enclose_prompts", id)
    keep(check_exact, "pool_ends", lambda p, *a: (id(p), *a))
    keep(check_exact, "jensen_shannon_enclosure", lambda p, q: (p.tobytes(), q.tobytes()))
    keep(checker, "ceilings", lambda u, tv, roc, auc: (u, tv, auc, roc and (roc(0.001), roc(0.01))))
    for name in ("accuracy_holds", "auc_holds", "delta_holds", "outputs_hold", "tpr_holds", "steepest_test"):
        keep(checker, name)
    yield
    patch.undo()


def attempt(data: Data | bytes, paths: list[Path]) -> Certificate | None:
    """The certificate if it is read and every line holds; only `ArgumentError` in one line may be raised."""
    try:
        made = parse(strict_json(data, "certificate") if isinstance(data, bytes) else json.loads(json.dumps(data)))
        for line in (str(made), *made.explain()):
            assert "\n" not in line
        lines = check(made, paths)
        assert all("\n" not in str(x) and str(x).isprintable() for x in lines)
        return made if all(x.ok for x in lines) else None
    except ArgumentError as error:
        assert "\n" not in str(error) and str(error).isprintable() and "expected" in str(error)
        return None


def by_hash(made: Data, paths: list[Path], known: dict[str, Path]) -> list[Path]:
    """As the command line does: a file by its hash wherever it lies, by its place otherwise."""
    try:
        entries = made["evidence"]
        found = [known.get(e["sha256"], paths[min(k, len(paths) - 1)]) for k, e in enumerate(entries)]
        return found or paths
    except (KeyError, TypeError, AttributeError):
        return paths


def run_certificates(honest: list[tuple[list[Path], Data]], count: int, seed: int) -> tuple[int, int]:
    """Spoil certificates; returns how many were accepted, and how many of those differ from the honest one."""
    rng = np.random.default_rng(seed)
    accepted = different = 0
    plain = [parse(data) for _, data in honest]
    known = {sha256(p): p for paths, _ in honest for p in paths}
    family = [[d for p, d in honest if p == paths] for paths, _ in honest]
    everyone = [d for _, d in honest]
    for _ in range(count):
        k = int(rng.integers(len(honest)))
        paths, data = honest[k]
        others = family[k] if rng.random() < 0.7 else everyone
        spoiled = mutated(data, rng, others)
        while repr(spoiled) == repr(data):  # a draw that changes nothing tests nothing
            spoiled = mutated(data, rng, others)
        used = by_hash(spoiled, paths, known) if isinstance(spoiled, dict) else paths
        made = attempt(spoiled, used)
        if made is None:
            continue
        accepted += 1
        if made != plain[k]:
            different += 1
            said = stronger(made, used)
            assert said is None, (said, made.request, [p.name for p in used], _difference(data, made.data()))
    return accepted, different


def _difference(a: Any, b: Any, at: str = "") -> list[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        return [x for k in sorted({*a, *b}) for x in _difference(a.get(k), b.get(k), f"{at}.{k}")]
    return [] if a == b else [f"{at}: {a!r} -> {b!r}"[:300]]


def run_evidence(honest: list[tuple[list[Path], Data]], folder: Path, count: int, seed: int) -> tuple[int, int]:
    """Spoil evidence: the old certificate fails, also with the new hashes unless it still holds; a new one agrees or is refused."""
    rng = np.random.default_rng(seed)
    certified = refused = 0
    parquet = [(p, d) for p, d in honest if len(p) == 1 and p[0].suffix == ".parquet"]
    for k in range(count):
        paths, data = parquet[int(rng.integers(len(parquet)))]
        # A name for each: what was read once is remembered by its name.
        bad = folder / f"{seed}-{k}.parquet"
        spoil_evidence(paths[0], bad, rng)
        same = bad.read_bytes() == paths[0].read_bytes()
        assert same or attempt(data, [bad]) is None
        entry = {"sha256": sha256(bad), "bytes": bad.stat().st_size}
        with contextlib.suppress(ArgumentError):
            entry["rows_digest"] = row_digest(bad)
        forged = attempt(data | {"evidence": [data["evidence"][0] | entry]}, [bad])
        assert forged is None or stronger(forged, [bad]) is None
        r = data["request"]
        asked = {
            n: r[n] for n in ("confidence", "margin", "pair", "population", "simultaneous", "trust", "owner", "prompt")
        }
        try:
            again = certify_files([bad], interval=None if r["method"] == "exact-laws" else r["method"], **asked)
        except ArgumentError as error:
            assert "\n" not in str(error) and str(error).isprintable()
            refused += 1
        else:
            assert attempt(again.data(), [bad]) == again, [str(x) for x in check(again, [bad]) if not x.ok]
            certified += 1
        bad.unlink()
    return certified, refused


def test_three_hundred_spoiled_certificates(honest: list[tuple[list[Path], Data]], remembered: None) -> None:
    accepted, _ = run_certificates(honest, 300, 1)
    assert accepted < 60  # most faults are faults


def test_fifty_spoiled_evidence_files(honest: list[tuple[list[Path], Data]], tmp_path: Path) -> None:
    certified, refused = run_evidence(honest, tmp_path, 50, 2)
    assert certified > 5 and refused > 5


@pytest.mark.long
@pytest.mark.parametrize("part", range(12))
def test_a_hundred_thousand_spoiled_certificates_and_files(
    honest: list[tuple[list[Path], Data]], remembered: None, tmp_path: Path, part: int
) -> None:
    """12 times 8,000 certificates and 400 files."""
    start = time.monotonic()
    accepted, different = run_certificates(honest, 8000, 100 + part)
    middle = time.monotonic()
    certified, refused = run_evidence(honest, tmp_path, 400, 200 + part)
    print(
        f"{accepted} accepted, {different} of them changed ({middle - start:.0f} s); files: {certified} certified, {refused} refused"
    )
