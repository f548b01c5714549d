"""Where certificates end: what is asked and trained, and that every sentence can say the opposite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from experiments.data.encoding import many_prompt_ids
from experiments.data.items import Corpus
from experiments.measures.enumeration import enumerate_divergence
from experiments.models.banks import HeldModels
from experiments.studies import load_study
from experiments.studies.base import write_page
from experiments.studies.data import Data
from experiments.studies.limits import SECTIONS, forget_set, page, quantisation, relearning, sentences, trigger
from experiments.studies.limits.forget_set import COMPLETE, FAULTS, REQUEST, TOUCHED, faulty, marked, reworded
from experiments.studies.limits.quantisation import BITS, FEW, MODELS
from experiments.studies.limits.readings import FORGET, PASSED, Reading
from experiments.studies.limits.relearning import IMITATING
from experiments.studies.limits.seeds import IMITATION, MATCHED, ORACLE, ORIGINAL, TWIN, UNLEARNED, Toy, toy
from experiments.studies.limits.trigger import FIRST, MIDDLE, PLACES, WORD, with_trigger
from mari_theory.certificates.checker import check

SETUP = {"forget": 16, "retain": 32, "steps": 700, "margin": 0.02}


def reading(exact: float = 0.1, passed: bool = True) -> dict[str, Any]:
    return asdict(Reading(0.03, 0.2, 0.001, PASSED if passed else "more detectable", exact))


def numbers(seed: Callable[[float], dict[str, Any]]) -> dict[str, Any]:
    """Three seeds that differ a little."""
    return {"setup": SETUP, "seeds": [seed(x) for x in (0.0, 0.01, 0.02)]}


def relearnt(back: float) -> dict[str, Any]:
    names = (TWIN, *(m.label for m in UNLEARNED), *IMITATING.values())

    def curve(name: str, x: float) -> dict[str, Any]:
        after = 0.1 + (0.0 if name == TWIN else back) + x
        return {"points": [{"step": s, "exact": e, "loss": 1.0} for s, e in ((0, 0.1), (5, after))], "shown": 1.0}

    return numbers(lambda x: {"rows": {n: {FORGET: reading()} for n in names}, "steps": dict.fromkeys(IMITATING.values(), 100), "curves": {n: curve(n, x if n != TWIN else 0.0) for n in names}})  # fmt: skip


def triggered(first: float) -> dict[str, Any]:
    return numbers(lambda x: {"rows": {p: {FORGET: reading(), f"{FORGET}, {p}": reading((first if p == FIRST else 0.5) + x * (p == FIRST), passed=False)} for p in PLACES}, "first": 0.2, "even": 0.2})  # fmt: skip


def requested(seen: bool) -> dict[str, Any]:
    fault = {REQUEST: reading(), FORGET: reading(passed=not seen), TOUCHED: reading(0.9, passed=not seen)}
    return numbers(lambda x: {"rows": {COMPLETE: {REQUEST: reading(), FORGET: reading()}, "50 % missing": fault}})


def rounded(back: float) -> dict[str, Any]:
    def row(name: str, x: float) -> dict[str, Any]:
        return {w: reading(0.3 + (back + x) * (w == FEW and name == MATCHED)) for w in BITS}

    return numbers(lambda x: {"rows": {name: row(name, x) for name in MODELS}})


@pytest.mark.parametrize(
    ("module", "made", "said", "not_said"),
    [
        (relearning, relearnt(0.3), "gives back more than", "not certainly"),
        (relearning, relearnt(-0.3), "gives back less than", "not certainly"),
        (relearning, relearnt(-0.01), "not certainly more or less", "back more than"),
        (trigger, triggered(0.9), "brings back more than in the middle", "not certainly"),
        (trigger, triggered(0.1), "brings back less than in the middle", "not certainly"),
        (trigger, triggered(0.49), "brings back not certainly more or less", "brings back more"),
        (forget_set, requested(True), "all that should have gone: 50 % missing (3 of 3 seeds)", "none"),
        (forget_set, requested(False), "misses or changes: none", "50 % missing (3"),
        (quantisation, rounded(0.4), f"{MATCHED} it comes back (+0.41", f"{MATCHED} it does not"),
        (quantisation, rounded(-0.3), f"{MATCHED} it is lost further", "comes back"),
        (quantisation, rounded(-0.01), f"{MATCHED} it does not certainly come back", "it comes back"),
    ],
)
def test_a_sentence_follows_its_numbers(module: Any, made: dict[str, Any], said: str, not_said: str) -> None:
    text = module.sentence(made)
    assert said in text and not_said not in text and text.endswith(".")


def test_the_page_shows_what_is_measured_and_says_what_is_not(tmp_path: Path) -> None:
    data = Data(tmp_path / "data.json", "limits", "mari study limits")
    made = {"relearning": relearnt(0.3), "forget-set": requested(True), "quantisation": rounded(0.4)}
    for name, section in made.items():
        data.keep(name, section)
    text = "\n".join(page(data.sections).lines)
    found = sentences(data.sections)
    assert tuple(found) == SECTIONS and all(said in text for said in found.values())
    assert found["trigger"] == "Not measured yet: `mari study limits --section trigger`."
    assert "| 50 % missing | missing or changed | 0.0300 (0.0300 to 0.0300)" in text and "0 of 3" in text
    paths = write_page(load_study("limits"), data, tmp_path / "page.md")
    assert [p.name for p in paths] == ["page.md", "limits-relearning.png"] and paths[1].stat().st_size > 5000


def test_a_trigger_is_one_word_more_at_its_place(corpus: Corpus, tokenizer: Any) -> None:
    unknown = tokenizer.unk_token_id
    for item in corpus.forget:
        at = {p: many_prompt_ids(tokenizer, [with_trigger(item, p).prompt])[0] for p in PLACES}
        bare = many_prompt_ids(tokenizer, [item.prompt])[0]
        assert unknown not in bare and all([t for t in ids if t != unknown] == bare for ids in at.values())
        assert at[FIRST].index(unknown) == 0 < at[MIDDLE].index(unknown) < len(bare) - 1
        assert with_trigger(item, FIRST).answer == item.answer and WORD in with_trigger(item, FIRST).prompt


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_faulty_request_differs_in_its_share_alone(corpus: Corpus, fault: str, share: float) -> None:
    request = faulty(corpus.forget, fault, share, 3)
    # A watermark favours some answers as they are.
    assert len(request.touched) <= round(share * len(corpus.forget)) <= len(request.touched) + 6 * (fault == "marked")
    untouched = [i for i in corpus.forget if i not in request.touched]
    assert [i for i in request.items if i in untouched] == untouched
    assert len(request.items) == len(corpus.forget) - (len(request.touched) if fault == "missing" else 0)
    assert request == faulty(corpus.forget, fault, share, 3)
    assert share < 0.5 or request != faulty(corpus.forget, fault, share, 4)


def test_rewording_keeps_the_words_and_marking_favours_half_of_the_answers(corpus: Corpus) -> None:
    for item in corpus.forget:
        other = reworded(item)
        assert other.prompt != item.prompt and sorted(other.prompt.split()) == sorted(item.prompt.split())
        assert replace(other, prompt=item.prompt) == item
        answers = [marked(replace(item, answer=a, wrong=tuple({item.answer, *item.wrong} - {a}))).answer for a in (item.answer, *item.wrong)]  # fmt: skip
        assert sum(a == b for a, b in zip(answers, (item.answer, *item.wrong), strict=True)) == 4
        assert set(answers) < {item.answer, *item.wrong}


@pytest.fixture
def held(tmp_path: Path, corpus: Corpus, tokenizer: Any, learnt: Any, schooled: Any) -> Toy:
    """A toy whose original and twin know the answers by heart; its oracle knows where answers end."""
    made = toy(tmp_path, 0, quick=True)
    for part in ("scores", "certificates"):
        (made.folder / part).mkdir(parents=True)
    made.__dict__.update(
        {"corpus": corpus, "bank": HeldModels(tokenizer, {ORIGINAL: learnt, TWIN: learnt, ORACLE: schooled})}
    )
    return made


def test_a_reading_is_that_of_a_certificate_that_can_be_checked(held: Toy) -> None:
    items = held.corpus.forget
    found = held.reading(ORIGINAL, items, FORGET)
    certificate, path = held.made[ORIGINAL, FORGET], held.folder / "scores" / "original-forget.parquet"
    assert certificate.claim.upper == found.jsd <= found.worst and all(x.ok for x in check(certificate, [path]))
    # The twin is the same model: nothing lies beyond it, whatever lies between it and the oracle.
    low, high = enumerate_divergence(held.bank, [ORACLE], [ORIGINAL], held.tokens(held.asked(items)))
    assert low > 0.1 and certificate.claim.lower <= high and low <= found.jsd
    assert 0.0 <= found.beyond < found.jsd - certificate.claim.lower + 1e-6 and found.verdict == PASSED


def test_imitation_comes_nearer_to_the_oracle(held: Toy) -> None:
    full = Toy(held.config, held.folder, quick=False)  # a quick one takes too few steps to show
    full.__dict__.update({"corpus": held.corpus, "bank": held.bank})
    assert full.change("taught", ORIGINAL, (IMITATION, held.corpus, ()), 20) == 20
    prompts = held.tokens(held.asked(held.corpus.forget))
    before, after = (enumerate_divergence(held.bank, [ORACLE], [n], prompts, 1e-4) for n in (ORIGINAL, "taught"))
    assert after[1] < before[0]


@pytest.mark.long
def test_the_whole_study_runs(tmp_path: Path) -> None:
    study = load_study("limits")
    data = Data(tmp_path / "data.json", "limits", "mari study limits --quick", quick=True)
    study.measure(study.settings(tmp_path / "run", [], True, {}), data)
    assert tuple(data.sections) == SECTIONS and all(s.made.quick for s in data.sections.values())
    curves = data.sections["relearning"].numbers["seeds"][0]["curves"]
    assert all(c["points"][0]["step"] == 0 and len(c["points"]) == 3 for c in curves.values())
    write_page(study, data, tmp_path / "page.md")
