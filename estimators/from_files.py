"""Any estimator of the library on files of samples: what `mari estimate` runs.

A certified interval is given only with what its guarantee needs: from counts the alphabet, for an AUC whose arms scored the same items
their ids (or the comparison on the same item).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
    Marginals,
    MMDTest,
    NearestNeighborJSD,
    NearestNeighborKL,
    Rescaled,
    Ross,
    TestResult,
    Training,
    certify_auc,
    certify_counts_entropy,
    certify_counts_jsd,
    certify_table_mi,
)
from estimators.alphabets import Alphabet
from estimators.discrete import EntropyCorrection, counts_of, table_of
from estimators.roc import Comparison
from estimators.samples import as_labels
from mari_theory.errors import ArgumentError, require


@dataclass(frozen=True)
class Options:
    """What a method may use; `alphabet`, `items`, `paired` and `marginals` only by the methods that need them."""

    k: int
    """Which neighbour, for methods by neighbours."""
    confidence: float
    """Of intervals."""
    seed: int
    """Of what is drawn."""
    progress: bool
    """Show a bar?"""
    alphabet: tuple[Alphabet, ...] = ()
    """Of all samples together, or one of x and one of y."""
    items: tuple[Any, Any] | None = None
    """Ids of the items of x and y, for AUC."""
    paired: bool = False
    """Compare aligned rows?"""
    marginals: Marginals | None = None
    """What is done to the columns first."""

    @property
    def columns(self) -> Marginals:
        """How real columns are treated."""
        return Rescaled() if self.marginals is None else self.marginals

    def size(self, **labels: Any) -> int | None:
        """The one alphabet's size, checked on each sample."""
        if not self.alphabet:
            return None
        symbols = np.concatenate([as_labels(name, sample) for name, sample in labels.items()])
        return self.alphabet[0].size_for(" and ".join(labels), symbols)

    def sizes(self, x: Any, y: Any) -> tuple[int, int] | None:
        """The two alphabets' sizes."""
        if not self.alphabet:
            return None
        return self.alphabet[0].size_for("x", x), self.alphabet[1].size_for("y", y)


Run = Callable[[Any, Any, Options], Estimate | TestResult]


def _arm_table(x: Any, y: Any) -> Any:
    a, b = as_labels("x", x), as_labels("y", y)
    return table_of(np.concatenate([a, b]), np.repeat([0, 1], [a.size, b.size])).T


def _counts_jsd(x: Any, y: Any, o: Options) -> Estimate:
    p, q = _arm_table(x, y)
    return certify_counts_jsd(p, q, o.confidence, o.size(x=x, y=y))


def _auc(x: Any, y: Any, o: Options) -> Estimate:
    items_p, items_q = (None, None) if o.items is None else o.items
    comparison: Comparison = "paired" if o.paired else "independent"
    return certify_auc(x, y, o.confidence, items_p=items_p, items_q=items_q, comparison=comparison)


def _mi(correction: EntropyCorrection, x: Any, y: Any, o: Options) -> Estimate:
    return DiscreteMI(correction, o.sizes(x, y)).estimate(x, y)


def _jsd(correction: EntropyCorrection, x: Any, y: Any, o: Options) -> Estimate:
    return DiscreteJSD(correction, o.size(x=x, y=y)).estimate(x, y)


def _entropy(correction: EntropyCorrection, x: Any, y: Any, o: Options) -> Estimate:
    return DiscreteEntropy(correction, o.size(x=x)).estimate(x)


def _variational(estimator: Any, x: Any, y: Any, o: Options) -> Estimate:
    estimate: Estimate = estimator(Training(seed=o.seed, progress=o.progress)).estimate(x, y)
    return estimate


METHODS: dict[str, Run] = {
    "ksg1": lambda x, y, o: KSG(o.k, 1, o.columns).estimate(x, y),
    "ksg2": lambda x, y, o: KSG(o.k, 2, o.columns).estimate(x, y),
    "ross": lambda x, y, o: Ross(o.k, marginals=o.columns).estimate(x, y),
    "knn-kl": lambda x, y, o: NearestNeighborKL(o.k, marginals=o.columns).estimate(x, y),
    "knn-jsd": lambda x, y, o: NearestNeighborJSD(o.k, marginals=o.columns).estimate(x, y),
    "knn-entropy": lambda x, y, o: KozachenkoLeonenko(o.k).estimate(x),
    "mi-certified": lambda x, y, o: certify_table_mi(table_of(x, y), o.confidence, o.sizes(x, y)),
    "jsd-certified": _counts_jsd,
    "entropy-certified": lambda x, y, o: certify_counts_entropy(counts_of(x), o.confidence, o.size(x=x)),
    "auc-certified": _auc,
    "classifier-test": lambda x, y, o: ClassifierTest(seed=o.seed).test(x, y),
    "mmd-test": lambda x, y, o: MMDTest(seed=o.seed).test(x, y),
    **{f"mi-{name}": partial(_mi, c) for name, c in CORRECTIONS.items()},
    **{f"jsd-{name}": partial(_jsd, c) for name, c in CORRECTIONS.items()},
    **{f"entropy-{name}": partial(_entropy, c) for name, c in CORRECTIONS.items()},
    **{name: partial(_variational, e) for name, e in VARIATIONAL.items()},
}
"""Command-line name -> estimator."""
ONE_SAMPLE = ("entropy", "knn-entropy")
FROM_COUNTS = ("entropy-", "jsd-", "mi-")
NEIGHBOURS = ("ksg1", "ksg2", "ross", "knn-kl", "knn-jsd")
WHY_ALPHABET = (
    "of all symbols that can occur (a number, a list a,b,c or a file with one a line), because those seen are not all and the "
    "interval would miss the truth"
)


def _table(path: Path) -> Any:
    try:
        if path.suffix.lower() == ".csv":
            from pyarrow import csv

            return csv.read_csv(path)
        import pyarrow.parquet as pq

        return pq.read_table(path)
    except (ValueError, EOFError, OSError) as e:  # Arrow's errors are ValueErrors or OSErrors
        raise ArgumentError("sample", f"a complete {path.suffix.lower()} file", f"{path.name}: {e}") from None


def _column(table: Any, name: str, path: Path) -> Any:
    require(name in table.column_names, "column", ", ".join(table.column_names), name)
    require(table[name].null_count == 0, f"{path.name}, column {name}", "no missing values", "null")
    return table[name].to_numpy()


def _sample_path(path: Path) -> Path:
    require(path.is_file(), "sample", "an existing file", path)
    kinds = (".npy", ".csv", ".parquet")
    require(path.suffix.lower() in kinds, "sample", "a .npy, .csv or .parquet file", path.name)
    return path


def load_sample(path: Path, column: str | None = None, without: str | None = None) -> Any:
    """A sample from .npy, .csv or .parquet; tables with several columns become points, unless `column` names one.

    `without` names a column that is no part of the sample: its ids.
    """
    path = _sample_path(Path(path))
    if path.suffix.lower() == ".npy":
        try:
            return np.load(path, allow_pickle=False)
        except (ValueError, EOFError, OSError) as e:
            raise ArgumentError("sample", "a complete .npy file", f"{path.name}: {e}") from None
    table = _table(path)
    names = [column] if column else [name for name in table.column_names if name != without]
    require(names, f"{path.name}", "a column beside the ids", table.column_names)
    arrays = [_column(table, name, path) for name in names]
    return arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=1)


def load_items(option: str, path: Path, items: str) -> Any:
    """Ids of the rows of a sample: a column of its table, or for a .npy sample another file (.npy, or text with one id a line)."""
    if path.suffix.lower() != ".npy":
        return _column(_table(_sample_path(path)), items, path)
    file = Path(items)
    require(file.is_file(), option, "for a .npy sample a file of ids (.npy, or text with one a line)", items)
    if file.suffix.lower() == ".npy":
        return load_sample(file)
    try:
        return np.array([line.strip() for line in file.read_text("utf-8").splitlines()])
    except UnicodeDecodeError:
        raise ArgumentError(option, "a text file in UTF-8", file.name) from None


def check_options(method: str, options: Options, items: tuple[str | None, str | None] = (None, None)) -> None:
    """Raise `ArgumentError` where the method lacks an option that its guarantee needs, or ignores one that was given."""
    counts = method.startswith(FROM_COUNTS)
    two = method.startswith("mi-")
    need, count = "two alphabets, x's and y's," if two else "one alphabet", len(options.alphabet)
    require(count == 0 or counts, "--alphabet", "a method from counts (entropy-, jsd-, mi-)", method)
    require(count > 0 or not (counts and method.endswith("-certified")), "--alphabet", f"{need} {WHY_ALPHABET}", "none")
    require(count in (0, 2 if two else 1), "--alphabet", f"{need} for {method}", count)
    auc = method == "auc-certified"
    require(auc or not options.paired, "--paired", "auc-certified", method)
    require(auc or items == (None, None), "--items-x, --items-y", "auc-certified", method)
    require((items[0] is None) == (items[1] is None), "--items-x, --items-y", "ids of both samples", "of one only")
    known = options.marginals is None or method in NEIGHBOURS
    require(known, "--marginals", ", ".join(NEIGHBOURS), method)


def estimate_files(
    x: Path,
    y: Path | None,
    method: str,
    options: Options,
    columns: tuple[str | None, str | None] = (None, None),
    items: tuple[str | None, str | None] = (None, None),
) -> Estimate | TestResult:
    """The named estimate of files of samples.

    `columns` name a column of each table, `items` the ids of its rows (`load_items`). Raises `ArgumentError` on an unknown method (the
    nearest is suggested), a missing sample, and what `check_options` refuses: a certified method from counts without its alphabet.
    """
    if method not in METHODS:
        from difflib import get_close_matches

        near = get_close_matches(method, METHODS, 3, 0.3)
        raise ArgumentError("--method", f"one of {', '.join(near or sorted(METHODS))}", method)
    single = method.startswith(ONE_SAMPLE)
    require(single or y is not None, "--y", f"a second sample for {method}", "none")
    require(not single or y is None, "--y", f"no second sample for {method}", y)
    check_options(method, options, items)
    first = load_sample(x, columns[0], items[0])
    second = None if y is None else load_sample(y, columns[1], items[1])
    if items[0] is not None and items[1] is not None and y is not None:
        ids = load_items("--items-x", Path(x), items[0]), load_items("--items-y", Path(y), items[1])
        options = replace(options, items=ids)
    return METHODS[method](first, second, options)
