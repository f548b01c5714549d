"""Enumerated laws: softmax within a model, models averaged within an arm, what is not listed at its worst."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import softmax

from estimators.certify import certify_files
from mari_theory import ArgumentError, jensen_shannon, total_variation
from mari_theory.certificates.files import OPTION_SCHEMA, read_options, row_digest, write_options
from tests.mari_theory.certificates.build import certified, option_columns, option_file

LN2 = math.log(2.0)


def laws(columns: dict[str, list[Any]], models: tuple[int, int], options: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Both arms' laws of each prompt, straight from the rows."""
    out = []
    for prompt in sorted(set(columns["prompt_id"])):
        arms = []
        for arm in (0, 1):
            at = [i for i, p in enumerate(columns["prompt_id"]) if p == prompt and columns["arm"][i] == arm]
            weights = np.array([columns["log_weight"][i] for i in at]).reshape(models[arm], options)
            arms.append(softmax(weights, axis=1).mean(axis=0))
        out.append((arms[0], arms[1]))
    return out


@pytest.mark.parametrize("far", [1e-7, 0.3, 5.0])
def test_the_ends_enclose_the_average_the_owners_and_the_worst_prompt(tmp_path: Path, far: float) -> None:
    made = certified(option_file(tmp_path / "o.parquet", far=far, models=(3, 2)), margin=1e-3)
    each = [
        (float(jensen_shannon(p, q)), float(total_variation(p, q)))
        for p, q in laws(option_columns(far=far, models=(3, 2)), (3, 2), 5)
    ]
    jsd, tv = np.mean(each, axis=0)
    assert made.claim.lower <= jsd <= made.claim.upper <= made.claim.lower + 1e-9
    assert made.direct.total_variation is not None and abs(made.direct.total_variation.estimate - tv) < 1e-12
    assert made.prompts is not None and abs(made.prompts.worst_upper - max(j for j, _ in each)) < 1e-9
    owners = [np.mean([each[i][0] for i in at]) for at in ((0, 1), (2, 3))]
    assert made.owners is not None and made.owners.worst_upper_at == f"o{int(np.argmax(owners))}"
    assert made.levels.together == 0 and made.claim.confidence == 1 and made.direct.roc is None


def test_the_rest_may_tell_the_arms_apart_as_far_as_its_mass_allows(tmp_path: Path) -> None:
    """The upper end is attained where what is in the rest is disjoint; the lower end where it is the same."""
    plain, rest = (
        certified(option_file(tmp_path / "a.parquet")),
        certified(option_file(tmp_path / "b.parquet", rest="w2")),
    )
    split = []
    for p, q in laws(option_columns(), (2, 1), 5):
        p2, q2 = (np.concatenate([np.delete(x, 2), y]) for x, y in ((p, [p[2], 0.0]), (q, [0.0, q[2]])))
        split.append(float(jensen_shannon(p2, q2)))
    assert rest.claim.lower == pytest.approx(plain.claim.lower) and rest.claim.upper == pytest.approx(
        np.mean(split), abs=1e-9
    )


def test_places_of_one_prompt_are_averaged_before_prompts(tmp_path: Path) -> None:
    columns = option_columns(prompts=2)
    more = {k: list(v) for k, v in option_columns(seed=5, prompts=1).items()}
    more["place"] = [1] * len(more["place"])
    write_options(
        tmp_path / "o.parquet", {k: columns[k] + more[k] for k in columns}, {"pair": "oracle", "access": "next-token"}
    )
    first, extra = laws(columns, (2, 1), 5), laws(more, (2, 1), 5)
    a, b, c = (float(jensen_shannon(*x)) for x in (first[0], first[1], extra[0]))
    assert certified(tmp_path / "o.parquet").claim.estimate == pytest.approx(((a + c) / 2 + b) / 2, abs=1e-12)


def test_impossible_options_and_disjoint_laws(tmp_path: Path) -> None:
    columns = option_columns(prompts=1, options=2, models=(1, 1))
    columns["log_weight"] = [0.0, -math.inf, -math.inf, -3.0]
    write_options(tmp_path / "o.parquet", columns, {"pair": "oracle", "access": "first-token"})
    made = certified(tmp_path / "o.parquet")
    assert made.claim.upper == pytest.approx(LN2) and made.implies.max_accuracy == 1.0 and made.verdict == "detectable"


@pytest.mark.parametrize("shift", [1e5, -1e300, 1e300])
def test_weights_need_no_normalisation(tmp_path: Path, shift: float) -> None:
    columns = option_columns(prompts=2, far=0.0)
    plain = np.array(columns["log_weight"]) + shift
    write_options(tmp_path / "o.parquet", {**columns, "log_weight": plain}, {"pair": "oracle", "access": "choice"})
    assert certified(tmp_path / "o.parquet").claim.upper < 1e-9


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    path = option_file(tmp_path / "o.parquet")
    table = pq.read_table(path)
    shuffle = np.random.default_rng(0).permutation(table.num_rows)
    pq.write_table(table.take(shuffle), tmp_path / "s.parquet")
    a, b = certified(path), certified(tmp_path / "s.parquet")
    assert a.claim.estimate == pytest.approx(b.claim.estimate, abs=1e-15)
    assert a.evidence[0].rows_digest == b.evidence[0].rows_digest


def edit(path: Path, name: str, change: Callable[[list[Any]], list[Any]]) -> None:
    table = pq.read_table(path)
    made = pa.array(change(table[name].to_pylist()), OPTION_SCHEMA.field(name).type)
    pq.write_table(table.set_column(table.column_names.index(name), name, made), path)


def said(path: Path, **metadata: Any) -> None:
    table = pq.read_table(path)
    before = json.loads(table.schema.metadata[b"mari"])
    pq.write_table(table.replace_schema_metadata({"mari": json.dumps(before | metadata)}), path)


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "an option twice": (lambda f: edit(f, "option", lambda v: ["w0", "w0", *v[2:]]), "once"),
    "a model missing": (lambda f: edit(f, "model", lambda v: [*v[:-5], *["m1z"] * 5]), "model"),
    "weights NaN": (lambda f: edit(f, "log_weight", lambda v: [math.nan, *v[1:]]), "below \\+inf"),
    "weights inf": (lambda f: edit(f, "log_weight", lambda v: [math.inf, *v[1:]]), "below \\+inf"),
    "a law of nothing": (lambda f: edit(f, "log_weight", lambda v: [-math.inf] * len(v)), "possible option"),
    "arm 3": (lambda f: edit(f, "arm", lambda v: [3, *v[1:]]), "only 0"),
    "one arm": (lambda f: edit(f, "arm", lambda v: [0] * len(v)), "rows of both arms"),
    "two owners": (lambda f: edit(f, "cluster_id", lambda v: ["x", *v[1:]]), "one owner a prompt"),
    "a rest that is a number": (lambda f: said(f, rest=3), "name of an option"),
    "a null": (lambda f: edit(f, "place", lambda v: [None, *v[1:]]), "no missing values"),
    "no rows": (lambda f: pq.write_table(pq.read_table(f).slice(0, 0), f), "at least one row"),
    "an access of its own": (lambda f: said(f, access="weights"), "one-output"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_option_file_is_refused_in_one_line(tmp_path: Path, fault: str) -> None:
    path = option_file(tmp_path / "o.parquet")
    breaks, words = BROKEN[fault]
    breaks(path)
    with pytest.raises(ArgumentError, match=words) as error:
        certify_files([path])
    assert "\n" not in str(error.value)


def test_an_option_file_must_say_what_the_detector_sees(tmp_path: Path) -> None:
    write_options(tmp_path / "o.parquet", option_columns(), {"pair": "oracle"})
    with pytest.raises(ArgumentError, match="says what the detector sees"):
        certify_files([tmp_path / "o.parquet"])


def test_a_rest_that_a_prompt_does_not_list_is_no_fault(tmp_path: Path) -> None:
    assert [law.rest for law in read_options(option_file(tmp_path / "o.parquet", rest="w9")).laws] == [None] * 4


@pytest.mark.parametrize("coded", [False, True])
def test_the_digest_of_rows_is_that_of_their_json(tmp_path: Path, coded: bool) -> None:
    """Published certificates hold it: the sum of the hashes of each row's JSON, the weight in hexadecimal."""
    columns = option_columns(prompts=3)
    columns["option"] = [('w"\\\u00e9\u2028' if o == "w1" else o) for o in columns["option"]]
    columns["log_weight"][:2] = [-math.inf, -0.0]
    table = pa.table({f.name: pa.array(columns[f.name], f.type) for f in OPTION_SCHEMA}, schema=OPTION_SCHEMA)
    if coded:
        at = OPTION_SCHEMA.get_field_index("option")
        table = table.set_column(at, "option", table["option"].dictionary_encode())
    pq.write_table(table, path := tmp_path / "o.parquet")
    rows = [[*row[:-1], row[-1].hex()] for row in zip(*columns.values(), strict=True)]
    hashes = [hashlib.blake2b(json.dumps(row).encode(), digest_size=32).digest() for row in rows]
    total = sum(int.from_bytes(h, "little") for h in hashes) % (1 << 256)
    assert row_digest(path) == hashlib.sha256(f"{len(rows)} {total}".encode()).hexdigest()
