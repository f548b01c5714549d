"""The page on matched-reference MarI; its sentences are derived from the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.studies.base import Page, markdown_table, placeholder
from experiments.studies.data import Section
from mari_theory.rounding import span

HEADS = [
    "model",
    "JSD to the oracles",
    "certified",
    "loss attack, by question",
    "by author",
    "forget p",
    "retain p",
    "seconds",
]


@dataclass(frozen=True)
class ModelRow:
    """A model against the oracle average."""

    jsd: float
    """Estimated divergence of one sampled answer from the oracles', nats."""
    lower: float
    """Certified lower end of it."""
    upper: float
    """Certified upper end of it."""
    by_question: float
    """max(AUC, 1 - AUC) of the loss of a question, forget against never-seen."""
    by_author: float
    """The same of the mean loss of an author."""
    forget: float
    """Mean answer probability on forget questions."""
    retain: float
    """Mean answer probability on what stays."""
    seconds: float
    """Training time of this model."""


def page(sections: Mapping[str, Section]) -> Page:
    """A part a request."""
    lines = [
        "# What matched-reference MarI takes",
        "",
        "The penalty compares what a model says about a forget subject with what it says about one it never saw (T27). Certified: 95 % for one comparison, from sampled whole answers. Attacks are max(AUC, 1 - AUC) of the loss, forget against never-seen.",
    ]
    numbers = {name: s.numbers for name, s in sections.items()}
    for name, (title, needs, body) in PARTS.items():
        text = body(numbers[name]) if name in numbers else [placeholder("matched", name, needs)]
        lines += ["", f"## {title}", "", *text]
    seconds = sum(m.seconds for name in ("toy", "authors") if name in numbers for m in models(numbers[name]).values())
    return Page([*lines, ""], note=f": {seconds / 60:.0f} min of training, one model's after the other's.")


def models(numbers: Mapping[str, Any]) -> dict[str, ModelRow]:
    """The rows of a request."""
    return {name: ModelRow(**row) for name, row in numbers["rows"].items()}


def toy_part(n: Mapping[str, Any]) -> list[str]:
    """Sentence answers on the toy."""
    rows = models(n)
    return [
        f"{n['forget']} forget, {n['retain']} retain, {n['holdout']} never-seen authors; answers such as `people say lisbon .`; {n['draws']:,} answers an arm.",
        "",
        *table(rows),
        "",
        verdict(rows),
        "",
        "A reference must not know the answers:",
        "",
        *loss_lines(n["losses"]),
    ]


def authors_part(n: Mapping[str, Any]) -> list[str]:
    """SmolLM2 on generated authors."""
    rows = models(n)
    return [
        f"{n['forget']} forget, {n['retain']} retain, {n['holdout']} never-seen authors, half of every batch fresh authors seen once; {n['training_steps']} training and {n['steps']} unlearning steps; {n['draws']} answers an arm.",
        "",
        *table(rows),
        "",
        verdict(rows),
    ]


def tofu_part(n: Mapping[str, Any]) -> list[str]:
    """SmolLM2 on TOFU."""
    rows = models(n)
    audit = [
        f"| {r['name']} | {span(r['lower'], r['upper'])} | {r['best_attack']:.3f} | {r['forget_probability']:.3f} | {r['retain_probability']:.3f} |"
        for r in n["audit"]
    ]
    return [
        f"Corpus {n['corpus']}, {n['steps']} unlearning steps. A reference must not know the answers:",
        "",
        *loss_lines(n["losses"]),
        "",
        "From `mari audit --preset smollm2`:",
        "",
        *markdown_table(["model", "certified JSD to oracle", "best attack AUC", "forget p", "retain p"]),
        *audit,
        "",
        "Other references, more steps, and retrainings cut short:",
        "",
        *table(rows),
        "",
        stage_text(rows),
    ]


PARTS = {
    "toy": ("Toy, sentence answers", "", toy_part),
    "authors": ("SmolLM2-135M, generated authors with sentence answers", "", authors_part),
    "tofu": ("SmolLM2-135M on TOFU", "a finished `mari audit --preset smollm2`", tofu_part),
}


def table(rows: dict[str, ModelRow]) -> list[str]:
    """A row a model."""
    lines = markdown_table(HEADS)
    for name, m in rows.items():
        lines.append(
            f"| {name} | {m.jsd:.4f} | {span(m.lower, m.upper)} | {m.by_question:.3f} | {m.by_author:.3f} | {m.forget:.3f} | {m.retain:.3f} | {m.seconds:.0f} |"
        )
    return lines


def verdict(rows: dict[str, ModelRow]) -> str:
    """Which rows are as near to the oracles, and as hard to attack, as the oracles are among themselves."""
    floor = [m for n, m in rows.items() if n.startswith("oracle-")]
    rest = {n: m for n, m in rows.items() if not n.startswith("oracle-") and n != "original"}
    reach = max(m.upper for m in floor)
    attack = max(m.by_author for m in floor)
    near = [n for n, m in rest.items() if m.lower <= reach]
    quiet = [n for n, m in rest.items() if m.by_author <= attack]
    both = [n for n in near if n in quiet]

    def listing(names: list[str]) -> str:
        return "; ".join(names) or "none"

    return (
        f"Oracles among themselves: JSD {min(m.jsd for m in floor):.4f} to {max(m.jsd for m in floor):.4f}, author-level attack "
        f"{min(m.by_author for m in floor):.3f} to {attack:.3f}. Certified interval overlaps an oracle's: {listing(near)}. "
        f"Author-level attack no better than on an oracle: {listing(quiet)}. Both: {listing(both)}."
    )


def loss_lines(losses: dict[str, float]) -> list[str]:
    """The losses, and whether a made-up name is a reference that knows nothing."""
    twin, oracle = losses["the original, of a made-up name"], losses["an oracle, of the forget subject"]
    knows = twin < 0.5 * oracle
    verdict = (
        "so it is no reference here: the wording of the question, or the answer so far, tells the model what it learnt by heart."
        if knows
        else "so it knows little of the answers."
    )
    return [
        "| asked | mean loss, nats a token |",
        "| --- | --- |",
        *(f"| {label} | {value:.3f} |" for label, value in losses.items()),
        "",
        f"Asked of a made-up name the original is at {twin:.2f}, an oracle asked of the forget subject at {oracle:.2f}: {verdict}",
    ]


def stage_text(rows: dict[str, ModelRow]) -> str:
    """Is the distance to the oracles what the model still knows of the forget data, or how far it was trained?"""
    stages = {n: m for n, m in rows.items() if n.startswith("retrained")}
    rest = {n: m for n, m in rows.items() if n not in stages and n != "original" and not n.startswith("oracle-")}
    nearest, best = min(stages.items(), key=lambda x: x[1].jsd), min(rest.items(), key=lambda x: x[1].jsd)
    nearer = sum(m.lower <= nearest[1].upper for m in rest.values())
    return (
        f"Models that never saw the forget data and were trained for fewer steps lie {', '.join(f'{m.jsd:.2f} ({n})' for n, m in stages.items())} from the oracles: "
        f"what is left between an unlearned model and the oracles is not only what it remembers, but how far both were trained on what stays. "
        f"Of {len(rest)} unlearned models {nearer} are not certified to be further than the nearest of them ({nearest[0]}); the nearest is at {best[1].jsd:.2f} ({best[0]})."
    )
