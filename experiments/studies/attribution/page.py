"""The page on attribution; its sentences are derived from the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.studies.base import Page, markdown_table, placeholder
from experiments.studies.data import Section
from experiments.studies.limits.readings import spread
from mari_theory.rounding import down, span

TITLES = {"owners": "Against retraining without an owner", "smollm2": "On a real model"}
"""Of the parts below the table of the methods study."""
NEEDS = {
    "models": "a finished `mari study methods`",
    "owners": "",
    "smollm2": "a finished `mari audit --preset smollm2`",
}
"""What a section reads beside its own models."""


def page(sections: Mapping[str, Section]) -> Page:
    """Set-up, table and verdict of every section."""
    parts = {"models": answers_part, "owners": owners_part, "smollm2": answers_part}
    lines = ["# Whose data was it?"]
    for name, part in parts.items():
        lines += ["", *([f"## {TITLES[name]}", ""] if name in TITLES else [])]
        lines += part(sections[name].numbers) if name in sections else [placeholder("attribution", name, NEEDS[name])]
    note = ""
    if list(sections) == ["models"]:
        note = f", {sections['models'].made.minutes:.0f} min, {sections['models'].numbers['models']}."
    return Page([*lines, ""], note=note)


def answers_part(n: Mapping[str, Any]) -> list[str]:
    """Both classifiers on the answers of every model."""
    exact = "exact" in n["rows"]["original"][0]
    who = f"{n['owners']} forget authors, {n['questions']} questions, {n['draws']:,} sampled answers a model, the first seed of every method."
    if not exact:
        beside = ", the forget author's and as many about those who stay, who are taken as one" if n["beside"] else ""
        who = f"{n['models'].capitalize()}: {n['owners']} authors, {n['questions']} questions{beside}, {n['draws']:,} sampled answers a row, from all of its models alike."
    return [
        f"{who} The frozen classifier reads question and answer and was fitted before unlearning: it is what DareU lowers. "
        "The retrained one reads the answer alone and is fitted on the model's own answers; what it tells about the owner is a lower bound on I(owner; answer) (Barber and Agakov 2003), "
        f"`at least` certified at 95 % for each model, in nats (ln {n['owners']} = {np.log(n['owners']):.2f} would tell everything). A score driven down is Goodhart's number; the retrained one is the check.",
        "",
        *table(n["rows"]),
        "",
        verdict(n["rows"]),
    ]


def table(groups: dict[str, list[dict[str, Any]]]) -> list[str]:
    """A row a method, means over its models, by the information an answer carries."""
    exact = "exact" in next(iter(groups.values()))[0]
    lines = markdown_table(
        [
            "model",
            "frozen classifier, p(owner)",
            "retrained, right",
            "chance",
            "I(owner; answer), nats",
            "at least",
            f"JSD to oracle, {'exact' if exact else 'certified'}",
        ]
    )
    for name, rows in sorted(groups.items(), key=lambda kv: mean(kv[1], "information")):
        cells = [f"{mean(rows, k):.3f}" for k in ("frozen", "accuracy", "chance", "information")]
        cells.append(down(mean(rows, "information_lower"), 3))
        cells.append(f"{mean(rows, 'exact'):.4f}" if exact else span(mean(rows, "lower"), mean(rows, "upper")))
        lines.append(f"| {' | '.join([name, *cells])} |")
    return lines


def owners_part(n: Mapping[str, Any]) -> list[str]:
    """What leaving an owner out does, beside the classifier's share: correlations, and how often each names the owner asked about."""
    size, seeds = n["size"], n["seeds"]
    heads = "classifier reads, true influence, ranked, Spearman's correlation of each seed, mean, 95 % interval, p"
    lines = markdown_table(heads.split(", "))
    for r in n["agreement"]:
        each = ", ".join(f"{x:.2f}" for x in r["seeds"])
        lines.append(
            f"| {r['reader']} | {INFLUENCE[r['influence']]} | {r['part']} | {each} | {r['mean']:.2f} | {r['lower']:.2f} to {r['upper']:.2f} | {r['p']:.4f} |"
        )
    moved = {k: [effect(np.array(s[k])) for s in seeds] for k in ("loss", "jsd")}
    named = {
        k: np.mean([first_is_own(np.array(s[k])) for s in seeds]) for k in ("jsd", "answer", "question-and-answer")
    }
    return [
        f"{size['owners']} authors, {len(seeds)} seeds of corpus and models; for each seed one model of all authors and one without each in turn, from the same first weights and with as many passes over what is learnt. "
        f"True influence of an author on the answers to an author's questions: how much the loss of the true answers grows without the former, or the divergence of the laws of whole answers with and without (all answers enumerated). "
        "Attribution: the classifier's probability of the former, mean over answers that the model of all authors gives. "
        f"Answers have a prior exp(-{n['skew']:g} k), so what is lost with an author differs between authors.",
        "",
        *lines,
        "",
        "The interval is Student's for the mean over seeds on Fisher's scale: pairs of one seed share authors, models and classifier, so only seeds count as independent, each with a corpus, weights and batches of its own. "
        "p renames the authors of every seed, rows and columns together: they are drawn alike, so the test is exact for any number of them; it stays silent on what holds for every author alike (that own answers depend most on own data).",
        "",
        f"The model of all authors gives the true answers probability {np.mean([s['known'] for s in seeds]):.2f}. Without its author, the loss of an author's answers grows by {over(moved['loss'], 0)} nats a token and their law moves by {over(moved['jsd'], 0)} nats; another author's by {over(moved['loss'], 1)} and {over(moved['jsd'], 1)}: the noise of retraining. "
        f"The author who moves the answers most is the one asked about for {100 * named['jsd']:.0f} % of authors; the one with the classifier's largest share is for {100 * named['answer']:.0f} % (reading the answer) and {100 * named['question-and-answer']:.0f} % (question and answer); chance is {100 / size['owners']:.0f} %. "
        + conclusion(n["agreement"]),
    ]


INFLUENCE = {"loss": "growth of loss", "jsd": "JSD of answers"}
"""As the table calls them."""


def effect(influence: Any) -> tuple[float, float]:
    """Mean influence on own answers, and on others'."""
    own = np.eye(len(influence), dtype=bool)
    return float(influence[own].mean()), float(influence[~own].mean())


def over(pairs: Sequence[tuple[float, float]], which: int) -> str:
    """One of both, over seeds."""
    return spread([p[which] for p in pairs], 3)


def first_is_own(values: Any) -> float:
    """Share of owners asked about (columns) for whom the owner with the largest value is the same one."""
    return float(np.mean(values.argmax(axis=0) == np.arange(len(values))))


def conclusion(rows: Sequence[Mapping[str, Any]]) -> str:
    """Which correlations are told from 0, with either sign."""

    def names(found: Sequence[Mapping[str, Any]]) -> str:
        return "; ".join(f"{r['reader']}, {INFLUENCE[r['influence']]}, {r['part']}" for r in found) or "none"

    return (
        f"Interval above 0: {names([r for r in rows if r['lower'] > 0])}. Below 0: {names([r for r in rows if r['upper'] < 0])}. "
        f"Not told from 0: {names([r for r in rows if r['lower'] <= 0 <= r['upper']])}."
    )


def mean(rows: Sequence[dict[str, Any]], key: str) -> float:
    """Mean of a column."""
    return float(np.mean([r[key] for r in rows]))


def verdict(groups: dict[str, list[dict[str, Any]]]) -> str:
    """Is a low score of the frozen classifier a low information?"""
    from scipy.stats import spearmanr

    floor = mean(groups["oracles"], "information")
    score = mean(groups["oracles"], "frozen")
    rest = {k: v for k, v in groups.items() if k not in ("oracles", "original")}
    exceptions = [k for k, v in rest.items() if mean(v, "frozen") <= score and mean(v, "information_lower") > 0]
    quiet = [k for k, v in rest.items() if mean(v, "information_lower") == 0]
    scores, information = (np.array([mean(v, key) for v in rest.values()]) for key in ("frozen", "information"))
    varied = all(len(rest) > 1 and np.ptp(x) > 0 for x in (scores, information))
    agree = spearmanr(scores, information).statistic if varied else float("nan")
    return (
        f"Oracles: frozen score {score:.3f}, information {floor:.3f} nats (the retrained classifier's own noise). The two classifiers rank the {len(rest)} methods with "
        f"Spearman's correlation {agree:.2f}. No information certified: {'; '.join(quiet) or 'none'}. Frozen score no higher than an oracle's and yet information certified in the answers: "
        f"{'; '.join(exceptions) or 'none'}."
    )
