"""How models were asked: read back as written, told in one line, and no part of any number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimators.certify import certify_files
from mari_theory import check
from mari_theory.certificates.asking import Asking, Cut, Template, WereCut, asking
from tests.mari_theory.certificates.build import coins

counts = st.integers(0, 1000)
digests = st.none() | st.text("0123456789abcdef", min_size=64, max_size=64)
were_cut = st.builds(WereCut, prompts=counts, p=counts, q=counts)
records = st.builds(
    Asking,
    template=st.builds(Template, name=st.text(), sha256=digests, prompts_sha256=digests),
    bos=st.none() | st.text(),
    cut=st.builds(Cut, prompt=st.none() | counts, output=st.none() | counts),
    were_cut=were_cut | st.lists(were_cut, max_size=3),
)


@given(records)
@settings(max_examples=30)
def test_a_record_reads_back_and_is_one_printable_line(record: Asking) -> None:
    assert asking({**json.loads(json.dumps(record.metadata())), "seed": 3}) == record
    assert record.sentence().isprintable()


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"template": "chat", "bos": "<s>"},
        {"template": {"name": 3}, "bos": None},
        {"template": {"name": "chat", "sha256": "12"}, "bos": None},
        {"template": {"name": "chat"}},
        {"template": {"name": "chat"}, "bos": None, "cut": {"output": -1}},
        {"template": {"name": "chat"}, "bos": None, "were_cut": {"prompts": 0}},
        {"template": {"name": "chat", "by": "hand"}, "bos": None},
    ],
)
def test_other_words_are_left_alone(said: dict[str, Any]) -> None:
    assert asking(said) is None


def test_the_certificate_says_it_and_its_numbers_are_the_same(tmp_path: Path) -> None:
    record = Asking(
        template=Template(name="chat", sha256="ab" * 32),
        bos="<s>",
        cut=Cut(output=8),
        were_cut=WereCut(prompts=0, p=2, q=1),
    )
    other = record.model_copy(update={"were_cut": WereCut(prompts=0, p=4, q=5)})
    plain = [coins(tmp_path / f"plain{k}.parquet", seed=k) for k in range(2)]
    told = [coins(tmp_path / f"told{k}.parquet", seed=k, **r.metadata()) for k, r in enumerate((record, other))]
    made, without = certify_files(told), certify_files(plain)
    assert made.claim == without.claim and made.implies == without.implies and made.verdict == without.verdict
    assert all(line.ok for line in check(made, told)) and all(line.ok for line in check(without, plain))
    (line,) = set(made.explain()) - set(without.explain())
    assert line == (
        "asked: prompts in the template chat (SHA-256 abababababab), each after one <s>; outputs of at most 8 tokens; "
        "cut in a file: 0 prompts, 2 outputs of P and 1 of Q, then 0 prompts, 4 outputs of P and 5 of Q"
    )
