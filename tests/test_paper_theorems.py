"""The page that maps the paper's theorems to ours: its numbers are the library's, its names exist, and readers find it."""

from __future__ import annotations

import doctest
import math
import re
from pathlib import Path

import mari_theory
from mari_theory import THEOREMS, entropy_gap_from_jsd, forget_total_variation, max_accuracy, max_word_probability

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "paper-theorems.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_its_examples_run() -> None:
    done = doctest.testfile(str(PAGE), module_relative=False)
    assert done.attempted >= 4 and done.failed == 0


def test_what_it_names_exists() -> None:
    assert set(re.findall(r"\bT\d+\b", TEXT)) <= set(THEOREMS)
    for row in re.findall(r"^\|.*\| (`.*`) \|$", TEXT, re.MULTILINE):
        assert all(hasattr(mari_theory, name) for name in re.findall(r"`(\w+)`", row)), row
    for path in re.findall(r"`((?:mari_theory|proofs)/[\w/.]+)`", TEXT):
        assert (ROOT / path).is_file(), path
    for theorem in ("T37", "T38"):
        assert set(THEOREMS[theorem].functions) <= set(re.findall(r"`(\w+)`", TEXT))


def test_its_numbers_are_the_librarys() -> None:
    for number, value in (
        ("0.67 nats", entropy_gap_from_jsd(0.001, 50257)),
        ("10.8,", math.log(50257)),
        ("52.3 %", 100 * max_accuracy(0.001)),
        ("room for 0.71", forget_total_variation(0.01, 0.2)),
    ):
        digits = re.findall(r"[\d.]+\d", number)[0]
        places = len(digits.split(".")[1])
        assert number in TEXT and abs(float(value) - float(digits)) <= 10.0**-places, (number, value)
    assert float(max_word_probability(0.0, 0.001)) <= 4 * 0.001 / (1 + 2 * 0.001) * (1 + 1e-12)


def test_it_is_linked_where_the_theorems_are_listed() -> None:
    for place, link in (("docs/theorems.md", "(paper-theorems.md)"), ("CONTRIBUTING.md", "`docs/paper-theorems.md`")):
        assert link in (ROOT / place).read_text(encoding="utf-8")
