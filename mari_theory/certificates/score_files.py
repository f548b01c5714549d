"""Score files (Parquet): writing, scanning in constant memory, and reading several as one sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mari_theory.certificates.digests import FileDigest
from mari_theory.certificates.metadata import agree, merged_metadata
from mari_theory.certificates.parquet import batches_of, open_parquet, write_parquet
from mari_theory.certificates.repeats import refuse_copies, refuse_repeats
from mari_theory.certificates.scores import ScoreBatch, Scores, check_likelihoods, require_one_owner, scores_of
from mari_theory.certificates.words import PAIRS
from mari_theory.errors import require

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


def write_scores(path: Path, columns: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Write a score file; `metadata` names the pair, design, models, decoding, prompts and seed."""
    require(metadata.get("pair") in PAIRS, "pair", " or ".join(PAIRS), metadata.get("pair"))
    table = pa.table({f.name: pa.array(columns[f.name], f.type) for f in SCORE_SCHEMA}, schema=SCORE_SCHEMA)
    for name, kind in (("draw", pa.int64()), ("path_information", pa.float64())):
        if name in columns:
            table = table.append_column(name, pa.array(columns[name], kind))
    write_parquet(path, table, metadata)


def read_metadata(path: Path) -> dict[str, Any]:
    """What a Parquet evidence file says of itself."""
    return open_parquet(Path(path), "score file")[1]


def scan_scores(path: Path, rows: int = 1 << 19) -> Iterator[ScoreBatch]:
    """Batches of a score file of any size, in constant memory. Raises `ArgumentError` naming file and fault."""
    path = Path(path)
    parquet, _ = open_parquet(path, "score file")
    total = 0
    columns, optional = ("prompt_id", "arm", "log_p", "log_q"), ("cluster_id", "draw", "tokens")
    for table in batches_of(path, parquet, columns, optional, rows):
        arm, lp, lq = (table[n].to_numpy() for n in ("arm", "log_p", "log_q"))
        lp, lq, arm = check_likelihoods(lp, lq, arm, f"{path.name}, ")
        prompt = table["prompt_id"].to_numpy()
        cluster = table["cluster_id"].to_numpy() if "cluster_id" in table.column_names else prompt
        draw, tokens = (
            table[n].to_numpy().astype(np.int64) if n in table.column_names else None for n in ("draw", "tokens")
        )
        total += arm.size
        yield ScoreBatch(prompt, cluster, arm, lp, lq, draw, tokens)
    require(total > 0, path.name, "at least one row", "0 rows")


def read_scores(path: Path, *more: Path) -> Scores:
    """One or several score files as one sample, in the order given. Raises `ArgumentError` naming file and fault.

    Files agree on everything in `AGREE`; no file, no order-free digest and no draw comes twice.
    """
    paths = [Path(path), *map(Path, more)]
    for p in paths:
        require(p.is_file(), "score file", "an existing file", p)
    bytes_digests = refuse_copies(paths)
    metadata = [read_metadata(p) for p in paths]
    agree(paths, metadata)
    batches = [list(scan_scores(p)) for p in paths]
    scores = scores_of([b for part in batches for b in part], merged_metadata(metadata))
    require_one_owner(scores)
    row_digests = refuse_repeats(paths, batches, metadata, scores)
    files = (
        FileDigest(p.name, of_bytes, of_rows, p.stat().st_size)
        for p, of_bytes, of_rows in zip(paths, bytes_digests, row_digests, strict=True)
    )
    return replace(scores, files=tuple(files))
