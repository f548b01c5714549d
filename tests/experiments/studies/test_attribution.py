"""What the page on attribution concludes from its numbers."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from experiments.studies.attribution.page import table, verdict


def row(frozen: float, information: float, lower: float) -> list[dict[str, float]]:
    return [
        {
            "frozen": frozen,
            "accuracy": 0.1,
            "chance": 0.03,
            "information": information,
            "information_lower": lower,
            "exact": 0.1,
        }
    ] * 2


FOUND = {
    "original": row(0.8, 1.8, 1.7),
    "oracles": row(0.1, 0.01, 0.0),
    "honest": row(0.1, 0.01, 0.0),
    "fooled": row(0.05, 0.5, 0.4),
    "loud": row(0.5, 1.0, 0.9),
}


def test_a_low_frozen_score_with_information_left_is_named() -> None:
    text = verdict(FOUND)
    assert "No information certified: honest." in text
    assert "yet information certified in the answers: fooled." in text
    assert "0.100, information 0.010" in text


def test_the_table_orders_by_information() -> None:
    names = [line.split(" | ")[0] for line in table(FOUND)[2:]]
    assert names == ["| oracles", "| honest", "| fooled", "| loud", "| original"]
