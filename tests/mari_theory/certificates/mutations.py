"""Ways to spoil a certificate or its evidence: digits, types, shapes, words, other certificates' parts, and honest-looking rewrites."""

from __future__ import annotations

import contextlib
import copy
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mari_theory.certificates import words
from mari_theory.certificates.ceilings import ceilings
from mari_theory.certificates.certificate import ROOM_AT, parse, verdict_for
from mari_theory.localisation import prompts_with_room

LN2 = math.log(2.0)
Data = dict[str, Any]
Rng = np.random.Generator
TEXTS = [
    "",
    " ",
    "\0",
    "\n",
    "a\nb\x1b[2K",
    "é\u202e",
    "\U0001f600" * 40,
    "x" * 5000,
    "NaN",
    "1",
    "null",
    *words.PAIRS,
    *words.ACCESS,
    *words.POPULATIONS,
    *words.TRUST,
    *words.VERDICTS,
    *words.NO_VERDICT,
    *words.ASSUMPTIONS,
    *words.RESTS_ON,
    *words.CEILINGS,
    *words.METHODS,
    "T1",
    "T15",
    "T17",
    "T18",
    "T31",
    "bits",
    "0" * 64,
]
ODD: list[Any] = [
    0,
    1,
    -1,
    2,
    0.0,
    -0.0,
    1.0,
    0.5,
    LN2,
    1e308,
    -1e308,
    5e-324,
    10**30,
    True,
    False,
    None,
    "",
    [],
    {},
    [0.5],
    {"a": 1},
]


def spots(data: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in JSON data."""
    out = [at] if at else []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        out += spots(value, (*at, key))
    return out


def get(data: Any, at: Sequence[Any]) -> Any:
    for key in at:
        data = data[key]
    return data


def _number(x: float, rng: Rng) -> Any:
    kind = int(rng.integers(9))
    if kind == 0:
        return (
            float(np.nextafter(x, rng.choice([-np.inf, np.inf])))
            if isinstance(x, float)
            else x + int(rng.choice([-1, 1]))
        )
    if kind <= 3:
        return x * (1 + float(rng.choice([-1, 1])) * 10.0 ** -float(rng.uniform(1, 16)))
    if kind == 4:
        return x + float(rng.choice([-1, 1])) * 10.0 ** -float(rng.uniform(1, 16))
    if kind == 5:
        text = repr(x)
        k = int(rng.integers(len(text)))
        try:
            return json.loads(text[:k] + str(rng.integers(10)) + text[k + 1 :])
        except ValueError:
            return -x
    if kind == 6:
        return x * 10.0 ** int(rng.integers(-12, 13)) if abs(x) < 1e200 else x
    if kind == 7:
        return str(x)
    return ODD[int(rng.integers(len(ODD)))]


def _value(x: Any, rng: Rng) -> Any:
    if isinstance(x, (int, float)) and not isinstance(x, bool) and rng.random() < 0.9:
        return _number(x, rng)
    if isinstance(x, str) and rng.random() < 0.8:
        return (
            rng.choice([x.upper(), x + " ", x[:-1], x[::-1]])
            if rng.random() < 0.2
            else TEXTS[int(rng.integers(len(TEXTS)))]
        )
    if isinstance(x, list) and x and rng.random() < 0.8:
        y, k, j = list(x), int(rng.integers(len(x))), int(rng.integers(len(x)))
        how = int(rng.integers(6))
        if how == 0:
            del y[k]
        elif how == 1:
            y.insert(k, y[j])
        elif how == 2:
            y[k], y[j] = y[j], y[k]
        elif how == 3:
            y.reverse()
        elif how == 4:
            y.append(TEXTS[int(rng.integers(len(TEXTS)))])
        else:
            y[k] = _value(y[k], rng)
        return y
    if isinstance(x, dict) and x and rng.random() < 0.8:
        z, keys = dict(x), list(x)
        key, how = keys[int(rng.integers(len(keys)))], int(rng.integers(3))
        if how != 1:
            del z[key]
        if how:
            z[TEXTS[int(rng.integers(len(TEXTS)))] or "x"] = x[key]
        return z
    if isinstance(x, bool) and rng.random() < 0.5:
        return not x
    return ODD[int(rng.integers(len(ODD)))]


def edited(data: Data, rng: Rng) -> Data:
    """One to three places changed."""
    out = copy.deepcopy(data)
    for _ in range(1 + int(rng.random() < 0.3) + int(rng.random() < 0.1)):
        places = spots(out)
        # Curves have hundreds of numbers: every block gets its turn.
        block = list(out)[int(rng.integers(len(out)))]
        places = [p for p in places if p[0] == block] or places
        at = places[int(rng.integers(len(places)))]
        get(out, at[:-1])[at[-1]] = _value(get(out, at), rng)
    return out


def dropped(data: Data, rng: Rng) -> Data:
    """A key less, or one more."""
    out = copy.deepcopy(data)
    inner = [out, *(get(out, p) for p in spots(out) if isinstance(get(out, p), dict))]
    where = inner[int(rng.integers(len(inner)))]
    if where and rng.random() < 0.6:
        del where[list(where)[int(rng.integers(len(where)))]]
    else:
        where[TEXTS[int(rng.integers(len(TEXTS)))]] = ODD[int(rng.integers(len(ODD)))]
    return out


def crossed(data: Data, rng: Rng, donors: Sequence[Data]) -> Data:
    """Parts of other certificates in the same places."""
    out, donor = copy.deepcopy(data), donors[int(rng.integers(len(donors)))]
    for _ in range(int(rng.integers(1, 4))):
        places = [p for p in spots(donor) if len(p) <= 1 + int(rng.integers(3))]
        at = places[int(rng.integers(len(places)))]
        try:
            get(out, at[:-1])[at[-1]] = copy.deepcopy(get(donor, at))
        except (KeyError, IndexError, TypeError):
            continue
    return out


def rewritten(data: Data, rng: Rng) -> Data:
    """Ends moved by little or much, and everything that follows from them made to fit: the forger who knows the rules."""
    out = copy.deepcopy(data)

    def moved(x: float, top: float) -> float:
        by = 10.0 ** -float(rng.uniform(1, 14))
        return min(max(x + float(rng.choice([-1, 1])) * by * float(rng.choice([1.0, x])), 0.0), top)

    c, direct = out["claim"], out["direct"]
    places: list[tuple[Any, str, float]] = [
        (c, "upper", LN2),
        (c, "lower", LN2),
        (c, "estimate", LN2),
        (out["request"], "margin", LN2),
    ]
    if direct["total_variation"]:
        places += [(direct["total_variation"], k, 1.0) for k in ("upper", "lower")]
    if direct["auc"]:
        places += [(direct["auc"], k, 1.0) for k in ("upper", "lower")]
    for part in ("owners", "prompts"):
        if out[part]:
            places += [(out[part], k, LN2) for k in ("worst_upper", "worst_lower")]
    for _ in range(int(rng.integers(1, 3))):
        where, key, top = places[int(rng.integers(len(places)))]
        where[key] = moved(where[key], top)
    for part in ("owners", "prompts"):
        if out[part] and rng.random() < 0.1:
            out[part]["within_margin"] += int(rng.choice([-1, 1]))
    with contextlib.suppress(ValueError, KeyError, TypeError):
        _fit(out)
    return out


def _fit(out: Data) -> None:
    c, direct = out["claim"], out["direct"]
    upper, margin = c["upper"], out["request"]["margin"]
    bands = {k: v for k, v in out["implies"].items() if out["implies"]["sources"].get(k) == "roc-band"}
    made = ceilings(
        upper,
        direct["total_variation"]["upper"] if direct["total_variation"] else None,
        (lambda a: float(bands.get(f"max_tpr_at_fpr_{a}", 1.0))) if direct["roc"] else None,
        direct["auc"]["upper"] if direct["auc"] else None,
    )
    out["implies"] = made
    name = next(iter(out["errors"]))
    out["errors"] = {name: upper - (c["lower"] if name == "rounding" else c["estimate"])}
    if out["room"]:
        m = out["room"]["prompts"]
        out["room"] |= {
            "at_ln2": prompts_with_room(upper, m, LN2),
            "at_0_1": prompts_with_room(upper, m, ROOM_AT),
            "at_margin": prompts_with_room(upper, m, min(margin, LN2)) if margin > 0 else None,
        }
    if out["verdict"]:
        out["verdict"] = verdict_for((c["lower"], upper), margin, parse(out).owners, bool(out["refuted_by"]))


def spoiled_text(data: Data, rng: Rng) -> bytes:
    """The JSON text with a few bytes changed."""
    text = bytearray(json.dumps(data, ensure_ascii=bool(rng.random() < 0.5)).encode())
    for _ in range(int(rng.integers(1, 4))):
        k = int(rng.integers(len(text)))
        how = int(rng.integers(4))
        if how == 0:
            text[k] = int(rng.integers(256))
        elif how == 1:
            del text[k : k + int(rng.integers(1, 30))]
        elif how == 2:
            text[k:k] = (
                rng.choice([b"0", b"9", b"-", b"e5", b'"', b"{", b"]", b",", b"\\ud800", b"\xff", b"NaN", b"\0"])
                .tobytes()
                .rstrip(b"\0")
                or b"\0"
            )
        else:
            j = int(rng.integers(len(text)))
            text[k:k] = text[j : j + 20]
    return bytes(text)


def mutated(data: Data, rng: Rng, donors: Sequence[Data]) -> Data | bytes:
    """A certificate spoiled in one of the ways above."""
    kind = float(rng.random())
    if kind < 0.4:
        return edited(data, rng)
    if kind < 0.5:
        return dropped(data, rng)
    if kind < 0.7:
        return crossed(data, rng, donors)
    if kind < 0.9:
        return rewritten(data, rng)
    return spoiled_text(data, rng)


# Evidence.


def _cells(column: str, change: Callable[[Any, Rng], Any]) -> Callable[[Any, Data, Rng], None]:
    def go(table: Any, said: Data, rng: Rng) -> None:
        if column in table and len(table):
            for _ in range(int(rng.integers(1, 4))):
                k = int(rng.integers(len(table)))
                table.at[table.index[k], column] = change(table[column].iloc[k], rng)

    return go


def _rows(how: str) -> Callable[[Any, Data, Rng], None]:
    def go(table: Any, said: Data, rng: Rng) -> None:
        n = len(table)
        k = rng.integers(0, max(n, 1), int(rng.integers(1, 6)))
        if how == "drop" and n:
            table.drop(table.index[np.unique(k)], inplace=True)
        elif how == "shuffle":
            order = rng.permutation(n)
            table[:] = table.iloc[order].to_numpy()
        elif how == "sort" and n:
            table.sort_values(str(rng.choice(list(table))), inplace=True, key=lambda c: c.astype(str))
        elif how == "empty":
            table.drop(table.index, inplace=True)

    return go


def _say(key: str, values: Sequence[Any]) -> Callable[[Any, Data, Rng], None]:
    def go(table: Any, said: Data, rng: Rng) -> None:
        value = values[int(rng.integers(len(values)))]
        if value is ...:
            said.pop(key, None)
        else:
            said[key] = value

    return go


LOGS = [0.0, -0.0, 1e-7, -1e-300, -5e-324, 1e-3, 5.0, -np.inf, np.inf, np.nan, -1e308, -745.0, -1.0]
NAMES = ["", "\0", "p\n1", "é", "\x1b[2K", "x" * 300, "o0", "p0"]
EDITS: list[Callable[[Any, Data, Rng], None]] = [
    *(_cells(c, lambda x, rng: LOGS[int(rng.integers(len(LOGS)))]) for c in ("log_p", "log_q", "log_weight")),
    *(
        _cells(c, lambda x, rng: float(x) * (1 + 10.0 ** -float(rng.uniform(1, 15))))
        for c in ("log_p", "log_q", "log_weight")
    ),
    *(
        _cells(c, lambda x, rng: NAMES[int(rng.integers(len(NAMES)))])
        for c in ("prompt_id", "cluster_id", "option", "model")
    ),
    _cells("arm", lambda x, rng: 1 - x),
    _cells("arm", lambda x, rng: int(rng.choice([-1, 2, 100]))),
    _cells("draw", lambda x, rng: int(rng.integers(-3, 20))),
    _cells("place", lambda x, rng: int(rng.integers(0, 3))),
    *(_rows(how) for how in ("drop", "drop", "shuffle", "sort", "empty")),
    _say("design", ["iid", "independent", "complete", ..., "x", None, True]),
    _say("stopping", ["fixed", "anytime", ..., 1]),
    _say("pair", [*words.PAIRS, ..., "banana", None, []]),
    _say("access", [*words.ACCESS, ..., "weights"]),
    _say("refuted_by", ["an attack", "", ..., None, 0, True, ["x"], "\x1b"]),
    _say("rest", ["w0", "w9", ..., 3, None]),
    _say("share", [0.0, 5e-324, 0.1, 1.0, 2.0, -1.0, True, "x"]),
    _say("arm_p", ["A", "B", ..., {"a": [1, {"b": None}]}, 1e308, 10**40]),
    _say("note", [1, True, 1.0, "x" * 1000, "\0", {"": {}}]),
    _say("seed", [0, 1, -1, 1.5, None, [1]]),
]


def spoil_evidence(path: Path, out: Path, rng: Rng) -> None:
    """Rewrite a Parquet evidence file with one to three faults, or with none but another coat."""
    source = pq.read_table(path)
    table, said = source.to_pandas().astype(object), json.loads((source.schema.metadata or {}).get(b"mari", b"{}"))
    for _ in range(int(rng.integers(1, 4))):
        EDITS[int(rng.integers(len(EDITS)))](table, said, rng)
    if rng.random() < 0.15:
        table = (
            table.loc[np.repeat(table.index.to_numpy(), 2)] if rng.random() < 0.5 else table.loc[list(table.index) * 2]
        )
    kinds = {f.name: f.type for f in source.schema}
    if rng.random() < 0.1:
        kinds[str(rng.choice(list(kinds)))] = [
            pa.float32(),
            pa.int64(),
            pa.string(),
            pa.bool_(),
            pa.large_string(),
            pa.uint8(),
        ][int(rng.integers(6))]
    columns = list(table)
    if rng.random() < 0.05:
        columns.remove(str(rng.choice(columns)))
    arrays = {}
    for name in columns:
        try:
            arrays[name] = pa.array(table[name].tolist(), kinds[name])
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            arrays[name] = pa.array([str(x) for x in table[name]])
    pq.write_table(
        pa.table(arrays).replace_schema_metadata({"mari": json.dumps(said)}),
        out,
        compression=str(rng.choice(["none", "zstd"])),
    )
