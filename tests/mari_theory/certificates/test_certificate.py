"""The certificate as an object and as a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mari_theory import ArgumentError, Certificate
from mari_theory.certificates import words
from mari_theory.certificates.certificate import schema
from tests.mari_theory.certificates.build import certified, coins, pool


def test_the_published_schema_is_the_formats() -> None:
    published = Path(words.__file__).with_name("mari-certificate-2.schema.json")
    assert json.loads(published.read_text()) == json.loads(json.dumps(schema()))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "other"}', '{"format": "mari-certificate/2"}', "[" * 5000])
def test_foreign_files_are_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(ArgumentError, match="certificate") as error:
        Certificate.load(tmp_path / "c.json")
    assert "\n" not in str(error.value)


def test_it_reads_as_sentences_that_name_access_population_and_what_each_end_rests_on(tmp_path: Path) -> None:
    made = certified(coins(tmp_path / "s.parquet", 400, m=8, owners=4), margin=0.2)
    text = str(made)
    assert text.startswith("oracle pair: Jensen-Shannon divergence in [")
    assert words.ACCESS["one-output"] in text and words.POPULATIONS["these-prompts"] in text
    assert "worst of 4 owners" in text and "room for" in text and "equivalent within margin" in text
    explained = "\n".join(made.explain())
    assert "exact likelihoods (T15)" in explained and "pairs of outputs" in explained
    assert "--simultaneous" in explained


def test_printed_ends_are_rounded_outwards(tmp_path: Path) -> None:
    made = certified(coins(tmp_path / "s.parquet", 400))
    low, high = (float(x) for x in str(made).split("[")[1].split("]")[0].split(", "))
    assert low <= made.claim.lower and high >= made.claim.upper


def test_a_marginal_bound_is_printed_with_what_it_says_of_the_forget_set(tmp_path: Path) -> None:
    made = certified(pool(tmp_path / "p.npz", True, share=0.2))
    assert any("blown up by 1/0.2 (T12)" in line for line in made.explain())
    assert made.verdict is None and "no verdict" in str(made)


def test_every_id_has_a_sentence() -> None:
    for table in (words.ASSUMPTIONS, words.ACCESS, words.RESTS_ON, words.POPULATIONS, words.NO_VERDICT, words.METHODS):
        assert all(sentence and not sentence.endswith(".") for sentence in table.values())
