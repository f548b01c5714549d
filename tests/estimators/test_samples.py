"""The same numbers from NumPy, torch, pandas, Arrow and lists; half precision, strides and integers included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from estimators import KSG, DiscreteMI, MMDTest, Ross, certify_auc
from estimators.samples import as_labels, as_points
from mari_theory import ArgumentError

pd = pytest.importorskip("pandas")
torch = pytest.importorskip("torch")

WRAP: dict[str, Callable[[Any], Any]] = {
    "list": lambda x: x.tolist(),
    "torch": torch.tensor,
    "torch with gradient": lambda x: torch.tensor(x.astype(float), requires_grad=True),
    "pandas": pd.Series,
    "arrow": pa.array,
    "strided": lambda x: np.stack([x, x], axis=1)[:, 0],
    "read-only": lambda x: np.broadcast_to(x[None], (1, x.size))[0],
    "reversed twice": lambda x: x[::-1].copy()[::-1],
}
CALLS: dict[str, Callable[[Any, Any], float]] = {
    "ksg": lambda x, y: KSG().estimate(x, y).value,
    "discrete": lambda x, y: DiscreteMI().estimate(x, y).value,
    "ross": lambda x, y: Ross().estimate(x, y).value,
    "auc": lambda x, y: certify_auc(x, y).value,
    "mmd": lambda x, y: MMDTest(permutations=9).test(x, y).p_value,
}


@pytest.mark.parametrize("wrap", WRAP)
@pytest.mark.parametrize("call", CALLS)
def test_every_container_gives_the_same_number(call: str, wrap: str, rng: np.random.Generator) -> None:
    x, y = rng.integers(0, 5, 80), rng.integers(0, 3, 80)
    assert CALLS[call](WRAP[wrap](x), WRAP[wrap](y)) == pytest.approx(CALLS[call](x, y), abs=1e-12)


def test_half_precision_is_widened() -> None:
    x = np.array([0.1, 0.2, 0.3], dtype=np.float16)
    assert as_points("x", x).dtype == np.float64
    assert as_points("x", torch.tensor([0.5, 0.25], dtype=torch.bfloat16)).tolist() == [[0.5], [0.25]]


def test_tables_are_points() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    assert as_points("x", frame).shape == (2, 2)


def test_ragged_and_missing_are_refused() -> None:
    for bad in ([[1, 2], [3]], object(), pd.Series([1.0, None])):
        with pytest.raises(ArgumentError):
            as_points("x", bad)
    with pytest.raises(ArgumentError):
        as_labels("x", pd.Series(["a", None], dtype=object))
