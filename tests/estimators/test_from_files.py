"""Estimates from files: certified methods ask for what their guarantee needs. False-alarm budgets 1e-6 a test."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from estimators import (
    Certified,
    Copula,
    DiscreteEntropy,
    Estimate,
    Interval,
    PolynomialMinimax,
    certify_auc,
    certify_counts_entropy,
)
from estimators.alphabets import Alphabet
from estimators.from_files import METHODS, Options, estimate_files, load_sample
from mari_theory import ArgumentError

PLAIN = Options(4, 0.95, 0, False)
Names = tuple[str | None, str | None]
"""Of a column or a file of each sample."""


def alphabet(*texts: str) -> Options:
    return replace(PLAIN, alphabet=tuple(Alphabet.parse(t) for t in texts))


def save(folder: Path, **arrays: np.ndarray) -> dict[str, Path]:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return {name: folder / f"{name}.npy" for name in arrays}


def table(path: Path, **columns: Iterable[object]) -> Path:
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, r)) for r in rows)]) + "\n")
    return path


def estimated(
    x: Path, y: Path | None, method: str, options: Options, columns: Names = (None, None), items: Names = (None, None)
) -> Estimate:
    """What a method other than a test says of the files."""
    made = estimate_files(x, y, method, options, columns, items)
    assert isinstance(made, Estimate)
    return made


def interval(x: Path, y: Path | None, method: str, options: Options) -> Interval:
    """That of a certified method."""
    made = estimated(x, y, method, options)
    assert isinstance(made, Certified)
    return made.interval


def test_a_thousand_symbols_from_a_file_of_500(tmp_path: Path, rng: np.random.Generator) -> None:
    """Before: [5.46, 5.97] for 6.908, 300 of 300; now the alphabet is asked for, and the interval covers."""
    missed = 0
    for _ in range(60):
        x = save(tmp_path, x=rng.integers(0, 1000, 500))["x"]
        missed += math.log(1000) not in interval(x, None, "entropy-certified", alphabet("1000"))
    assert missed <= binom.isf(1e-6, 60, 0.05)
    with pytest.raises(ArgumentError, match="those seen are not all"):
        estimate_files(x, None, "entropy-certified", PLAIN)


def test_the_identity_channel_from_files(tmp_path: Path, rng: np.random.Generator) -> None:
    x = save(tmp_path, x=rng.integers(0, 300, 200))["x"]
    assert math.log(300) in interval(x, x, "mi-certified", alphabet("300", "300"))
    listed = ",".join(map(str, range(300)))
    assert math.log(300) in interval(x, x, "mi-certified", alphabet(listed, "400"))


@pytest.mark.parametrize("method", [m for m in METHODS if m.endswith("-certified") and m != "auc-certified"])
def test_certified_from_counts_refuse_without_an_alphabet(tmp_path: Path, method: str) -> None:
    x = save(tmp_path, x=np.arange(9))["x"]
    with pytest.raises(ArgumentError, match="the interval would miss") as e:
        estimate_files(x, None if method.startswith("entropy") else x, method, PLAIN)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("method", "given", "words"),
    [
        ("mi-certified", ("9",), "two alphabets"),
        ("mi-nsb", ("9",), "two alphabets"),
        ("jsd-certified", ("9", "9"), "one alphabet"),
        ("ksg1", ("9",), "a method from counts"),
        ("mi-certified", ("9", "8"), "y's alphabet: expected at least the 9 symbols seen, got 8"),
        ("jsd-certified", ("0,1,2",), "at least the 9"),
        ("jsd-certified", ("0,1,2,3,4,5,6,7,9,10",), "symbols of the alphabet, got 8"),
        ("entropy-certified", ("a,b,c,d,e,f,g,h,i",), "got 0 and 8 more"),
    ],
)
def test_alphabets_that_do_not_fit_are_refused(tmp_path: Path, method: str, given: tuple[str, ...], words: str) -> None:
    x = save(tmp_path, x=np.arange(9))["x"]
    with pytest.raises(ArgumentError, match=words) as e:
        estimate_files(x, None if method.startswith("entropy") else x, method, alphabet(*given))
    assert "\n" not in str(e.value)


def test_point_estimates_use_the_alphabet_where_it_is_given(tmp_path: Path, rng: np.random.Generator) -> None:
    x = save(tmp_path, x=rng.integers(0, 1000, 500))["x"]
    blind, told = (estimated(x, None, "entropy-polynomial", o).value for o in (PLAIN, alphabet("1000")))
    assert told == DiscreteEntropy(PolynomialMinimax(), 1000).estimate(np.load(x)).value != blind


def test_the_interval_is_the_librarys(tmp_path: Path) -> None:
    x = table(tmp_path / "t.csv", label=list("aabacaab"))
    made = estimated(x, None, "entropy-certified", alphabet("a,b,c,d"))
    assert made.interval == certify_counts_entropy([5, 2, 1, 0]).interval
    assert json.loads(json.dumps(asdict(made)))["extra"] == {"alphabet": 4}


def test_auc_of_aligned_files(tmp_path: Path, rng: np.random.Generator) -> None:
    """Refused as they stand; by the ids' columns, by files of ids, and on the same item."""
    z = rng.normal(size=400)
    order = rng.permutation(400)
    files = save(tmp_path, p=z, q=(z + 0.1)[order], aligned=z + 0.1, ids_p=np.arange(400), ids_q=order)
    with pytest.raises(ArgumentError, match="--items-x"):
        estimate_files(files["p"], files["aligned"], "auc-certified", PLAIN)
    expected = certify_auc(z, z + 0.1, items_p=range(400), items_q=range(400))
    ids = (str(files["ids_p"]), str(files["ids_q"]))
    assert estimate_files(files["p"], files["q"], "auc-certified", PLAIN, items=ids) == expected
    tables = (
        table(tmp_path / "p.csv", item=range(400), score=z.tolist()),
        table(tmp_path / "q.csv", score=(z + 0.1)[order].tolist(), item=order.tolist(), other=order.tolist()),
    )
    made = estimated(*tables, "auc-certified", PLAIN, (None, "score"), ("item", "item"))
    assert made == expected and 0.528 in expected.interval
    (tmp_path / "ids.txt").write_text("\n".join(f"q{i}" for i in range(400)))
    named = (str(tmp_path / "ids.txt"),) * 2
    assert estimated(files["p"], files["aligned"], "auc-certified", PLAIN, items=named).extra["shared_items"] == 400
    same = estimated(files["p"], files["aligned"], "auc-certified", replace(PLAIN, paired=True))
    assert same.value == 1.0 and "same item" in str(same)
    by_id = estimated(files["p"], files["q"], "auc-certified", replace(PLAIN, paired=True), items=ids)
    assert by_id.value == 1.0


def test_what_auc_cannot_use_is_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    files = save(tmp_path, a=rng.normal(size=(50, 2)), b=rng.normal(size=50), c=rng.normal(size=50))
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    frame = table(tmp_path / "t.csv", item=range(50), score=range(50), second=range(50))
    only_ids = table(tmp_path / "i.csv", item=range(50))
    paired = replace(PLAIN, paired=True)
    a, b, c = files["a"], files["b"], files["c"]
    calls: list[tuple[tuple[Path, Path, str, Options], dict[str, Names], str]] = [
        ((a, b, "auc-certified", PLAIN), {}, "one score a row"),
        ((b, c, "ksg1", paired), {}, "auc-certified"),
        ((b, c, "ksg1", PLAIN), {"items": ("x", "y")}, "auc-certified"),
        ((b, c, "auc-certified", PLAIN), {"items": ("x", None)}, "both samples"),
        ((b, c, "auc-certified", PLAIN), {"items": ("nothing.txt", "nothing.txt")}, "a file of ids"),
        ((b, c, "auc-certified", PLAIN), {"items": (str(tmp_path / "binary.txt"),) * 2}, "UTF-8"),
        ((b, c, "auc-certified", replace(PLAIN, marginals=Copula())), {}, "--marginals"),
        ((frame, frame, "auc-certified", PLAIN), {"items": ("item", "item")}, "one score a row"),
        ((frame, frame, "auc-certified", PLAIN), {"items": ("id", "item")}, "item, score, second"),
        ((only_ids, only_ids, "auc-certified", PLAIN), {"items": ("item", "item")}, "beside the ids"),
    ]
    for (x, y, method, options), more, words in calls:
        with pytest.raises(ArgumentError, match=words) as e:
            estimate_files(x, y, method, options, **more)
        assert "\n" not in str(e.value)


def test_units_and_tails_from_files(tmp_path: Path, rng: np.random.Generator) -> None:
    """Before: 0 for .83 in units of 1e-6, and cubes without a word."""
    x = rng.normal(size=1000)
    y = 0.9 * x + math.sqrt(0.19) * rng.normal(size=1000)
    files = save(tmp_path, x=x, y=1e-6 * y, cubes=y**3)
    assert estimated(files["x"], files["y"], "ksg1", PLAIN).value == pytest.approx(0.83, abs=0.2)
    made = estimate_files(files["x"], files["cubes"], "ksg1", PLAIN)
    assert "warning: heavy tails in y" in str(made)
    ranks = estimated(files["x"], files["cubes"], "ksg1", replace(PLAIN, marginals=Copula()))
    assert ranks.value == pytest.approx(0.83, abs=0.2) and not ranks.warnings and ranks.extra["marginals"] == "copula"


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(b"no array")
    (tmp_path / "x.parquet").write_bytes(b"no table")
    (tmp_path / "x.txt").write_text("1\n2\n")
    table(tmp_path / "x.csv", a=[1, "", 3], b=[1, 2, 3])
    for name, words in (("x.npy", "complete"), ("x.parquet", "complete"), ("x.txt", "a .npy"), ("x.csv", "missing")):
        with pytest.raises(ArgumentError, match=words) as e:
            load_sample(tmp_path / name)
        assert "\n" not in str(e.value)
    assert load_sample(tmp_path / "x.csv", without="a").tolist() == [1, 2, 3]
