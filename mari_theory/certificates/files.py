"""The two kinds of evidence files: score files (Parquet) and pool files (NPZ). Reading validates everything."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mari_theory.errors import ArgumentError, require

PAIRS = ("marginal", "oracle", "shift", "matched")
"""The four pairs of arms that are never mixed up."""

SCORE_SCHEMA = pa.schema(
    [
        ("prompt_id", pa.string()),
        ("cluster_id", pa.string()),
        ("arm", pa.int8()),
        ("log_p", pa.float64()),
        ("log_q", pa.float64()),
        ("tokens", pa.int32()),
    ]
)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """Rows of a score file: which arm generated each output and its log-likelihood (nats) under both."""

    arm: NDArray[np.int8]
    log_p: Floats
    log_q: Floats
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pool:
    """Mean distributions of both arms, how many were averaged, and the share of forget inputs."""

    p_mean: Floats
    q_mean: Floats
    n: int
    m: int
    metadata: dict[str, Any] = field(default_factory=dict)


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, renamed on success and removed on failure."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as e:
        raise ArgumentError("out", "a writable folder", f"{path.parent} ({e.strerror})") from None
    os.close(handle)
    os.chmod(name, 0o644)
    temporary = Path(name)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name, then rename."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_scores(path: Path, columns: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Write a score file; `metadata` names the pair, models, decoding, prompts and seed."""
    require(metadata.get("pair") in PAIRS, "pair", " or ".join(PAIRS), metadata.get("pair"))
    table = pa.table({f.name: pa.array(columns[f.name], f.type) for f in SCORE_SCHEMA}, schema=SCORE_SCHEMA)
    if "path_information" in columns:
        table = table.append_column("path_information", pa.array(columns["path_information"], pa.float64()))
    table = table.replace_schema_metadata({"mari": json.dumps(metadata, sort_keys=True)})
    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_scores(path: Path) -> Scores:
    """Read and validate the columns a certificate rests on. Raises `ArgumentError` naming file and fault."""
    path = Path(path)
    require(path.is_file(), "score file", "an existing file", path)
    try:
        parquet = pq.ParquetFile(path)
        kinds = {f.name: f.type for f in parquet.schema_arrow}
        wanted = {"arm": pa.types.is_integer, "log_p": pa.types.is_floating, "log_q": pa.types.is_floating}
        for name, kind in wanted.items():
            require(name in kinds, f"{path.name}", f"a column {name}", sorted(kinds))
            label = "integer" if name == "arm" else "float64"
            require(bool(kind(kinds[name])), f"{path.name}, column {name}", label, kinds[name])
        raw = parquet.schema_arrow.metadata or {}
        table = parquet.read(columns=list(wanted))
        metadata = json.loads(raw.get(b"mari", b"{}"))
    except (pa.ArrowException, OSError, ValueError) as e:
        if isinstance(e, ArgumentError):
            raise
        raise ArgumentError("score file", "a complete Parquet file", f"{path.name}: {e}") from None
    require(table.num_rows > 0, path.name, "at least one row", "0 rows")
    for name in wanted:
        require(table[name].null_count == 0, f"{path.name}, column {name}", "no missing values", "null")
    return Scores(table["arm"].to_numpy(), table["log_p"].to_numpy(), table["log_q"].to_numpy(), metadata)


def scan_scores(path: Path, rows: int = 1 << 19) -> Iterator[tuple[Any, Any, Any]]:
    """Batches (arm, log_p, log_q) of a score file of any size, in constant memory. Raises as `read_scores` does."""
    path = Path(path)
    require(path.is_file(), "score file", "an existing file", path)
    names = ["arm", "log_p", "log_q"]
    try:
        parquet = pq.ParquetFile(path)
        missing = [n for n in names if n not in parquet.schema_arrow.names]
        require(not missing, path.name, f"columns {names}", parquet.schema_arrow.names)
        for batch in parquet.iter_batches(batch_size=rows, columns=names):
            require(all(batch[n].null_count == 0 for n in names), path.name, "no missing values", "null")
            yield tuple(batch[n].to_numpy(zero_copy_only=False) for n in names)
    except (pa.ArrowException, OSError) as e:
        raise ArgumentError("score file", "a complete Parquet file", f"{path.name}: {e}") from None


def write_pool(path: Path, pool: Pool) -> None:
    """Write a pool file."""
    require(pool.metadata.get("pair") in PAIRS, "pair", " or ".join(PAIRS), pool.metadata.get("pair"))
    with atomic(path) as temporary, open(temporary, "wb") as f:
        np.savez_compressed(
            f,
            p_mean=pool.p_mean,
            q_mean=pool.q_mean,
            n=np.int64(pool.n),
            m=np.int64(pool.m),
            metadata=np.array(json.dumps(pool.metadata, sort_keys=True)),
        )


def read_pool(path: Path) -> Pool:
    """Read and validate a pool file. Raises `ArgumentError` naming file and fault."""
    path = Path(path)
    require(path.is_file(), "pool file", "an existing file", path)
    try:
        with np.load(path, allow_pickle=False) as data:
            found = set(data.files)
            need = {"p_mean", "q_mean", "n", "m"}
            require(need <= found, path.name, f"arrays {sorted(need)}", sorted(found))
            p, q = np.asarray(data["p_mean"], dtype=float), np.asarray(data["q_mean"], dtype=float)
            n, m = int(data["n"]), int(data["m"])
            metadata = json.loads(str(data["metadata"])) if "metadata" in found else {}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, KeyError, TypeError) as e:
        if isinstance(e, ArgumentError):
            raise
        raise ArgumentError("pool file", "a complete NPZ file", f"{path.name}: {e}") from None
    require(
        p.ndim == 1 and p.shape == q.shape and p.size > 0,
        path.name,
        "p_mean and q_mean over one vocabulary",
        (p.shape, q.shape),
    )
    for name, x in (("p_mean", p), ("q_mean", q)):
        require(bool(np.all(np.isfinite(x))), f"{path.name}, {name}", "finite numbers", "NaN or inf")
        require(bool(np.all(x >= 0)), f"{path.name}, {name}", "non-negative probabilities", float(x.min()))
        off = abs(float(x.sum()) - 1.0)
        require(off <= 1e-6, f"{path.name}, {name}", "a sum of 1 within 1e-06", float(x.sum()))
    require(n >= 1 and m >= 1, path.name, "counts n, m of at least 1", (n, m))
    return Pool(p, q, n, m, metadata)


def kind_of(path: Path) -> str:
    """`score` for Parquet, `pool` for NPZ, by the file's own first bytes."""
    path = Path(path)
    require(path.is_file(), "evidence", "an existing file", path)
    with open(path, "rb") as f:
        head = f.read(4)
    kinds: dict[bytes, str] = {b"PAR1": "score", b"PK\x03\x04": "pool"}
    require(head in kinds, "evidence", "a Parquet score file or an NPZ pool file", path.name)
    return kinds[head]


def merge_scores(parts: list[Scores]) -> Scores:
    """Concatenate score files of one pair, in order."""
    pairs = {p.metadata.get("pair") for p in parts}
    require(len(pairs) == 1, "score files", "files of one pair", sorted(map(str, pairs)))
    return Scores(
        np.concatenate([p.arm for p in parts]),
        np.concatenate([p.log_p for p in parts]),
        np.concatenate([p.log_q for p in parts]),
        parts[0].metadata,
    )
