"""Log-likelihoods that any engine wrote as JSONL, to a score file that certificates bind and checkers read."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pyarrow as pa

from experiments.data.tables import read_lines_of_json
from mari_theory.certificates.digests import sha256
from mari_theory.certificates.metadata import check_metadata
from mari_theory.certificates.parquet import write_parquet
from mari_theory.errors import require

COLUMNS: dict[str, tuple[pa.DataType, type | tuple[type, ...]]] = {
    "prompt_id": (pa.string(), str),
    "arm": (pa.int8(), int),
    "log_p": (pa.float64(), (int, float, str)),
    "log_q": (pa.float64(), (int, float, str)),
    "cluster_id": (pa.string(), str),
    "draw": (pa.int64(), int),
    "tokens": (pa.int32(), int),
}
"""Of a row; the first four are required, and whoever has one of the others has it in every row. `"-inf"` is minus infinity."""
REQUIRED = ("prompt_id", "arm", "log_p", "log_q")


def score_file(path: Path, pair: str | None = None) -> Path:
    """Write the rows of `NAME.jsonl` to the score file `NAME.parquet` beside it; its path.

    A first line `{"metadata": {...}}` says what a score file says of itself (pair, design, models, ...); `pair` where it does not.
    Raises `ArgumentError` naming the line: a column that is missing or of another type, other columns than the first row has, another file of that name.
    """
    rows = list(read_lines_of_json(path))
    said: dict[str, Any] = {}
    if rows and isinstance(rows[0][1], dict) and set(rows[0][1]) == {"metadata"}:
        said = check_metadata(path.name, rows.pop(0)[1]["metadata"])
    if pair is not None:
        said = check_metadata(path.name, {"pair": pair} | said)
    require(rows, path.name, "at least one row", "none")
    first = rows[0][1]
    names = [c for c in COLUMNS if isinstance(first, dict) and c in first]
    for where, row in rows:
        require(isinstance(row, dict), where, "one JSON object", str(row)[:60])
        missing = [c for c in REQUIRED if c not in row]
        require(not missing, where, f"the fields {', '.join(REQUIRED)}", f"no {missing}")
        require(
            [c for c in COLUMNS if c in row] == names,
            where,
            f"the fields of the first row, {', '.join(names)}",
            ", ".join(row),
        )
        for name in names:
            _require_value(where, name, row[name])
    table = pa.table({c: pa.array([_value(c, row[c]) for _, row in rows], COLUMNS[c][0]) for c in names})
    out = path.with_suffix(".parquet")
    made = path.with_name(f".{path.stem}.made")
    write_parquet(made, table, said)
    try:
        other = out.is_file() and sha256(out) != sha256(made)
        require(not other, path.name, f"no {out.name} of other rows beside it", "one that is there")
        os.replace(made, out)
    finally:
        made.unlink(missing_ok=True)
    return out


def _require_value(where: str, name: str, value: Any) -> None:
    kind = COLUMNS[name][1]
    good = isinstance(value, kind) and not isinstance(value, bool)
    good = good and not (name.startswith("log_") and isinstance(value, str) and value != "-inf")
    good = good and not (name == "arm" and value not in (0, 1))
    allowed = {"arm": "0 (drawn from P) or 1 (from Q)", "log_p": "nats", "log_q": "nats"}.get(
        name, "text" if kind is str else "a whole number"
    )
    require(good, f"{where}, {name}", allowed, value)


def _value(name: str, value: Any) -> Any:
    return -math.inf if name.startswith("log_") and value == "-inf" else value
