"""Evidence files: score files and option files (Parquet), pool files (NPZ). Reading believes nothing that it can test.

One name for what the modules beside it hold: `scores`, `score_files`, `option_files`, `pool_files`, `metadata`, `digests`, `repeats`, `writing`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from mari_theory.certificates.digests import FileDigest as FileDigest
from mari_theory.certificates.digests import sha256 as sha256
from mari_theory.certificates.metadata import AGREE as AGREE
from mari_theory.certificates.metadata import DESIGNS as DESIGNS
from mari_theory.certificates.metadata import STOPPINGS as STOPPINGS
from mari_theory.certificates.metadata import agree as agree
from mari_theory.certificates.metadata import check_metadata as check_metadata
from mari_theory.certificates.metadata import strict_json as strict_json
from mari_theory.certificates.option_files import OPTION_SCHEMA as OPTION_SCHEMA
from mari_theory.certificates.option_files import Law as Law
from mari_theory.certificates.option_files import Options as Options
from mari_theory.certificates.option_files import options_digest as options_digest
from mari_theory.certificates.option_files import read_options as read_options
from mari_theory.certificates.option_files import write_options as write_options
from mari_theory.certificates.parquet import open_parquet
from mari_theory.certificates.pool_files import Pool as Pool
from mari_theory.certificates.pool_files import read_pool as read_pool
from mari_theory.certificates.pool_files import write_pool as write_pool
from mari_theory.certificates.repeats import refuse_copies as refuse_copies
from mari_theory.certificates.score_files import SCORE_SCHEMA as SCORE_SCHEMA
from mari_theory.certificates.score_files import read_metadata as read_metadata
from mari_theory.certificates.score_files import read_scores as read_scores
from mari_theory.certificates.score_files import scan_scores as scan_scores
from mari_theory.certificates.score_files import write_scores as write_scores
from mari_theory.certificates.scores import ROUNDING as ROUNDING
from mari_theory.certificates.scores import ScoreBatch as ScoreBatch
from mari_theory.certificates.scores import Scores as Scores
from mari_theory.certificates.scores import batches_digest
from mari_theory.certificates.scores import check_likelihoods as check_likelihoods
from mari_theory.certificates.scores import scores_of as scores_of
from mari_theory.certificates.writing import atomic as atomic
from mari_theory.certificates.writing import write_text as write_text
from mari_theory.errors import require


def kind_of(path: Path) -> str:
    """`score`, `option` (Parquet, by their columns) or `pool` (NPZ), by the file's own bytes, whatever its name."""
    path = Path(path)
    require(path.is_file(), "evidence", "an existing file", path)
    with open(path, "rb") as f:
        head = f.read(4)
    kinds: dict[bytes, str] = {b"PAR1": "score", b"PK\x03\x04": "pool"}
    require(head in kinds, "evidence", "a Parquet score or option file or an NPZ pool file", path.name)
    if kinds[head] == "pool":
        return "pool"
    parquet, _ = open_parquet(path, "score file")
    return "option" if "log_weight" in parquet.schema_arrow.names else "score"


def row_digest(path: Path) -> str:
    """A digest of the rows of an evidence file that does not depend on their order or on compression."""
    path = Path(path)
    kind = kind_of(path)
    if kind == "pool":
        pool = read_pool(path)
        h = hashlib.sha256()
        for x in (pool.p_mean, pool.q_mean, np.array([pool.n, pool.m], dtype=np.int64)):
            h.update(np.ascontiguousarray(x).tobytes())
        return h.hexdigest()
    if kind == "score":
        return batches_digest(list(scan_scores(path)))
    return options_digest(path)


def digest_of(path: Path) -> FileDigest:
    """What binds a certificate to a file: its bytes and its rows."""
    path = Path(path)
    return FileDigest(path.name, sha256(path), row_digest(path), path.stat().st_size)
