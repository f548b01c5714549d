"""Laws over the same options: what is left out, and the columns of an option file."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.measures.laws import Place, option_columns


def test_what_is_left_out_goes_to_the_rest() -> None:
    laws = {"a": np.array([0.5, 0.0, 0.3, 0.2]), "b": np.array([0.5, 0.25, 0.25, 0.0])}
    place = Place("p", "o", 2, ["w", "x", "y", "z"], laws)
    all_but_one = place.trimmed(3, 0.0)
    assert all_but_one.options == ["w", "y", "x", "rest"]
    assert all_but_one.laws["a"].tolist() == pytest.approx([0.5, 0.3, 0.0, 0.2])
    assert place.trimmed(4, 0.3).options == ["w", "y", "rest"]
    columns = option_columns([all_but_one], (["a"], ["b"]))
    assert columns["arm"] == [0] * 4 + [1] * 4 and columns["place"] == [2] * 8
    assert columns["log_weight"][2] == -np.inf and columns["model"] == ["a"] * 4 + ["b"] * 4
