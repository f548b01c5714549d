"""Labels of rows are free text, and no two models share a file name."""

from __future__ import annotations

import pytest

from experiments.config import load_config
from experiments.labels import slug
from experiments.unlearning.roles import entries_of
from mari_theory import ArgumentError


@pytest.mark.parametrize(
    "labels",
    [
        ["original"],
        ["Original!"],
        ["oracle-7"],
        ["Oracle 7"],
        ["base"],
        ["***"],
        [""],
        ["NPO 0.1", "npo (0.1)"],
        ["a", "a"],
    ],
    ids=str,
)
def test_a_label_that_names_another_models_files_is_refused_in_one_line(labels: list[str]) -> None:
    """`oracle-7` trained an oracle and reported it as a method; two labels with one file name ended in a traceback."""
    with pytest.raises(ArgumentError, match=r"^methods, label: expected") as error:
        load_config("tiny", methods=[{"label": x, "name": "npo"} for x in labels])
    assert "\n" not in str(error.value)


def test_labels_are_free_text_otherwise() -> None:
    labels = ["oracle-like 7", "the original idea", "НПО 0.1", "a/b", "oracle-x", "k = 1.0"]
    config = load_config("tiny", methods=[{"label": x, "name": "npo"} for x in labels])
    assert [e.name for e in entries_of(config)] == labels
    assert all("/" not in slug(x) for x in labels)
