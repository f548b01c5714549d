"""Pool files (NPZ): the mean distributions of both arms and how many were averaged."""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mari_theory.certificates.metadata import check_metadata, strict_json
from mari_theory.certificates.words import PAIRS
from mari_theory.certificates.writing import atomic
from mari_theory.errors import ArgumentError, require
from mari_theory.units import Floats


@dataclass(frozen=True)
class Pool:
    """Mean distributions of both arms, how many were averaged, and what the file says of them."""

    p_mean: Floats
    """Mean distribution of P, shape (vocabulary,)."""
    q_mean: Floats
    """Mean distribution of Q, same shape."""
    n: int
    """How many distributions `p_mean` averages."""
    m: int
    """How many `q_mean` averages."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """What the file says of itself."""


def write_pool(path: Path, pool: Pool) -> None:
    """Write a pool file."""
    require(pool.metadata.get("pair") in PAIRS, "pair", " or ".join(PAIRS), pool.metadata.get("pair"))
    metadata = check_metadata(Path(path).name, pool.metadata)
    with atomic(path) as temporary, open(temporary, "wb") as f:
        np.savez_compressed(
            f,
            p_mean=pool.p_mean,
            q_mean=pool.q_mean,
            n=np.int64(pool.n),
            m=np.int64(pool.m),
            metadata=np.array(json.dumps(metadata, sort_keys=True)),
        )


def read_pool(path: Path) -> Pool:
    """Read and validate a pool file. Raises `ArgumentError` naming file and fault."""
    path = Path(path)
    require(path.is_file(), "pool file", "an existing file", path)
    try:
        with np.load(path, allow_pickle=False) as data:
            names = set(data.files)
            need = {"p_mean", "q_mean", "n", "m"}
            require(need <= names, path.name, f"arrays {sorted(need)}", sorted(names))
            narrow = [k for k in ("p_mean", "q_mean") if data[k].dtype != np.float64]
            require(not narrow, f"{path.name}, {', '.join(narrow)}", "float64", [str(data[k].dtype) for k in narrow])
            p, q = np.asarray(data["p_mean"]), np.asarray(data["q_mean"])
            whole = all(data[k].dtype.kind in "iu" and data[k].ndim == 0 for k in ("n", "m"))
            require(whole, path.name, "counts n, m as integers", [str(data[k].dtype) for k in ("n", "m")])
            n, m = int(data["n"]), int(data["m"])
            metadata = strict_json(str(data["metadata"]), f"{path.name}, metadata") if "metadata" in names else {}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, KeyError, TypeError, zlib.error) as e:
        if isinstance(e, ArgumentError):
            raise
        raise ArgumentError("pool file", "a complete NPZ file", f"{path.name}: {e}") from None
    one = p.ndim == 1 and p.shape == q.shape and p.size > 0
    require(one, path.name, "p_mean and q_mean over one vocabulary", (p.shape, q.shape))
    for name, x in (("p_mean", p), ("q_mean", q)):
        require(bool(np.all(np.isfinite(x))), f"{path.name}, {name}", "finite numbers", "NaN or inf")
        require(bool(np.all(x >= 0)), f"{path.name}, {name}", "non-negative probabilities", float(x.min()))
        off = abs(float(x.sum()) - 1.0)
        require(off <= 1e-6, f"{path.name}, {name}", "a sum of 1 within 1e-06", float(x.sum()))
    require(n >= 1 and m >= 1, path.name, "counts n, m of at least 1", (n, m))
    return Pool(p, q, n, m, check_metadata(path.name, metadata))
