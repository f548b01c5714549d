"""The page says what the certificates say, in words, and says first what withholds a verdict."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from experiments.audit.results import Run
from experiments.measures.result import Knowledge, Row
from experiments.request.handover import certificates_of
from experiments.request.statement import ANSWERS, Said, answer, kept, statement
from mari_theory.certificates import words
from mari_theory.rounding import span, up


@pytest.fixture
def run(done: Path) -> Run:
    return Run.load(done / "audit")


def judged(run: Run, verdict: str | None, why: str | None = None) -> Run:
    """The method's certificate with another verdict."""
    row = run.methods[0]
    certificate = row.oracle.model_copy(update={"verdict": verdict, "no_verdict": why})
    pair = row.pairs["oracle"].model_copy(update={"certificate": certificate})
    changed = row.model_copy(update={"pairs": row.pairs | {"oracle": pair}})
    return run.model_copy(update={"rows": tuple(changed if r is row else r for r in run.rows)})


def test_every_bound_of_the_page_is_that_of_a_certificate_rounded_outwards(done: Path, run: Run) -> None:
    page = html.unescape((done / "handover" / "statement.html").read_text())
    for row in run.rows:
        c = row.oracle
        assert (
            f"{span(c.claim.lower, c.claim.upper)} nats" in page and f"{up(100 * c.implies.max_accuracy, 1)} %" in page
        )
        assert all(e.sha256 in page for e in c.evidence)
    assert answer(run, run.methods[0]) in page and "12 questions with their answers about 2 people" in page
    assert all(words.ASSUMPTIONS[a] in page for a in run.methods[0].oracle.assumptions)


def test_it_is_one_file_for_a_phone(done: Path) -> None:
    page = (done / "handover" / "statement.html").read_text()
    assert "<script" not in page and "http" not in page and "src=" not in page and "<table" not in page
    assert 'name="viewport"' in page and not re.search(r"width:\s*\d{3,}px", page)
    assert len(page) < 20_000


@pytest.mark.parametrize("verdict", words.VERDICTS)
def test_every_verdict_has_its_sentence(run: Run, verdict: str) -> None:
    changed = judged(run, verdict)
    assert answer(changed, changed.methods[0]).startswith(ANSWERS[verdict][:8])


def test_the_answer_is_to_the_question_above_it(done: Path) -> None:
    """ "Could anyone still tell? No. The model can be told ..." was read as a green light."""
    page = (done / "handover" / "statement.html").read_text(encoding="utf-8")
    asked = page.index("<h2>Could anyone still tell?</h2>")
    assert page[asked:].split("<strong>")[1].startswith(("Yes.", "No more than", "On average no more", "Not known."))
    assert ANSWERS["detectable"].startswith("Yes.") and not any(
        x.startswith("Yes") for k, x in ANSWERS.items() if k != "detectable"
    )
    assert all("margin allows" in ANSWERS[k] for k in ANSWERS if k.startswith("equivalent"))


def test_what_withholds_a_verdict_stands_first(run: Run) -> None:
    known = Knowledge(p_value=5e-4, least=1e-4, level=0.05, share=0.97, exact=(1.0, 0.05), owners=(2, 9))
    changed = judged(run, None, "oracle-knows-the-data").model_copy(update={"knowledge": known})
    said = Said({"model": "m", "owners": 2, "data_sha256": "0"}, "", {}, certificates_of(changed))
    page = html.unescape(statement(changed, said))
    assert page.index("Oracles know the data") < page.index("Asked for")
    assert f"No verdict: {words.NO_VERDICT['oracle-knows-the-data']}." in page and ANSWERS["detectable"] not in page


def with_ends(row: Row, lower: float | None, upper: float | None) -> Row:
    found = row.utility["retain"].model_copy(update={"lower": lower, "upper": upper})
    return row.model_copy(update={"utility": {"retain": found}})


def test_damage_is_said_beside_the_verdict(run: Run) -> None:
    fine = judged(run, "equivalent within margin")
    row = fine.methods[0]
    lost, safe, open_ = with_ends(row, -0.3, -0.2), with_ends(row, -0.01, 0.02), with_ends(row, -0.3, 0.1)
    assert answer(fine, lost).endswith("But the model is damaged: see below.") and "damaged" not in answer(fine, safe)
    assert kept(fine, lost).startswith("Damaged: accuracy") and "more than 5 points are certainly lost" in kept(
        fine, lost
    )
    assert "is ruled out" in kept(fine, safe) and "between -1.0 and +2.0 points" in kept(fine, safe)
    assert "is not ruled out" in kept(fine, open_) and "one person alone" in kept(fine, with_ends(row, None, None))
