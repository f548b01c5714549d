"""`mari estimate`: any estimator of the library on files of samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from estimators import (
    CORRECTIONS,
    KSG,
    VARIATIONAL,
    ClassifierTest,
    DiscreteEntropy,
    DiscreteJSD,
    DiscreteMI,
    Estimate,
    KozachenkoLeonenko,
    MMDTest,
    NearestNeighborJSD,
    NearestNeighborKL,
    Ross,
    TestResult,
    Training,
    certify_auc,
    certify_counts_entropy,
    certify_counts_jsd,
    certify_table_mi,
)
from estimators.discrete import counts_of, table_of
from estimators.samples import as_labels
from mari_theory.errors import ArgumentError, require


@dataclass(frozen=True)
class Options:
    """What a method may use."""

    k: int
    confidence: float
    seed: int
    progress: bool


Run = Callable[[Any, Any, Options], Estimate | TestResult]


def _arm_table(x: Any, y: Any) -> Any:
    a, b = as_labels("x", x), as_labels("y", y)
    return table_of(np.concatenate([a, b]), np.repeat([0, 1], [a.size, b.size])).T


def _counts_jsd(x: Any, y: Any, o: Options) -> Estimate:
    p, q = _arm_table(x, y)
    return certify_counts_jsd(p, q, o.confidence)


def _discrete(estimator: DiscreteMI | DiscreteJSD, x: Any, y: Any, o: Options) -> Estimate:
    return estimator.estimate(x, y)


def _entropy(estimator: DiscreteEntropy, x: Any, y: Any, o: Options) -> Estimate:
    return estimator.estimate(x)


def _variational(estimator: Any, x: Any, y: Any, o: Options) -> Estimate:
    made: Estimate = estimator(Training(seed=o.seed, progress=o.progress)).estimate(x, y)
    return made


METHODS: dict[str, Run] = {
    "ksg1": lambda x, y, o: KSG(o.k, 1).estimate(x, y),
    "ksg2": lambda x, y, o: KSG(o.k, 2).estimate(x, y),
    "ross": lambda x, y, o: Ross(o.k).estimate(x, y),
    "knn-kl": lambda x, y, o: NearestNeighborKL(o.k).estimate(x, y),
    "knn-jsd": lambda x, y, o: NearestNeighborJSD(o.k).estimate(x, y),
    "knn-entropy": lambda x, y, o: KozachenkoLeonenko(o.k).estimate(x),
    "mi-certified": lambda x, y, o: certify_table_mi(table_of(x, y), o.confidence),
    "jsd-certified": _counts_jsd,
    "entropy-certified": lambda x, y, o: certify_counts_entropy(counts_of(x), o.confidence),
    "auc-certified": lambda x, y, o: certify_auc(x, y, o.confidence),
    "classifier-test": lambda x, y, o: ClassifierTest(seed=o.seed).test(x, y),
    "mmd-test": lambda x, y, o: MMDTest(seed=o.seed).test(x, y),
    **{f"mi-{name}": partial(_discrete, DiscreteMI(c)) for name, c in CORRECTIONS.items()},
    **{f"jsd-{name}": partial(_discrete, DiscreteJSD(c)) for name, c in CORRECTIONS.items()},
    **{f"entropy-{name}": partial(_entropy, DiscreteEntropy(c)) for name, c in CORRECTIONS.items()},
    **{name: partial(_variational, e) for name, e in VARIATIONAL.items()},
}
"""Command-line name -> estimator."""
ONE_SAMPLE = ("entropy", "knn-entropy")


def load_sample(path: Path, column: str | None = None) -> Any:
    """A sample from .npy, .csv or .parquet; tables with several columns become points, unless `column` names one."""
    path = Path(path)
    require(path.is_file(), "sample", "an existing file", path)
    kind = path.suffix.lower()
    require(kind in (".npy", ".csv", ".parquet"), "sample", "a .npy, .csv or .parquet file", path.name)
    try:
        if kind == ".npy":
            return np.load(path, allow_pickle=False)
        if kind == ".csv":
            from pyarrow import csv

            table = csv.read_csv(path)
        else:
            import pyarrow.parquet as pq

            table = pq.read_table(path)
    except (ValueError, EOFError, OSError) as e:  # Arrow's errors are ValueErrors or OSErrors
        raise ArgumentError("sample", f"a complete {kind} file", f"{path.name}: {e}") from None
    require(column is None or column in table.column_names, "column", ", ".join(table.column_names), column)
    names = [column] if column else table.column_names
    for name in names:
        require(table[name].null_count == 0, f"{path.name}, column {name}", "no missing values", "null")
    arrays = [table[name].to_numpy() for name in names]
    return arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=1)


def estimate_files(
    x: Path, y: Path | None, method: str, options: Options, columns: tuple[str | None, str | None] = (None, None)
) -> Estimate | TestResult:
    """The named estimate; raises `ArgumentError` on an unknown method (the nearest is suggested) or a missing sample."""
    if method not in METHODS:
        from difflib import get_close_matches

        near = get_close_matches(method, METHODS, 3, 0.3)
        raise ArgumentError("--method", f"one of {', '.join(near or sorted(METHODS))}", method)
    single = method.startswith(ONE_SAMPLE)
    require(single or y is not None, "--y", f"a second sample for {method}", "none")
    require(not single or y is None, "--y", f"no second sample for {method}", y)
    second = None if y is None else load_sample(y, columns[1])
    return METHODS[method](load_sample(x, columns[0]), second, options)
