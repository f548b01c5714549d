"""The page on overlap: every sentence about the numbers is derived from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from experiments.labels import slug
from experiments.studies.base import Page, markdown_table, placeholder
from experiments.studies.data import Section
from experiments.studies.overlap.cases import CASES, REAL, REAL_TEXT, TEXT, TOY, Case
from experiments.studies.overlap.figure import figure
from experiments.studies.overlap.readings import Reading, Seeds, Verdict, mean_ends, of_row, readings_from, verdict

ABOUT = {
    TOY: "Generated authors, sentence answers. A forget fact is *shared* where what stays states it too, in another wording of the question: oracles still know it. The others are *exclusive*.",
    TEXT: "Documents of made-up words and habits, cut into a sentence and the two that follow; next-token laws over the continuation. On one topic, what stays supports part of what is to be forgotten; on a topic of its own, none of it.",
    REAL: "A forget fact is *shared* where what stays states it too, with TOFU's paraphrased question and answer. One seed.",
    REAL_TEXT: "The same documents as above, in words that the model has never seen. One seed.",
}

NEEDS = {REAL: "TOFU and SmolLM2", REAL_TEXT: "SmolLM2"}
"""What must be on the machine."""


def page(sections: Mapping[str, Section]) -> Page:
    """A part a kind of corpus: a table a section, and a figure over the shares."""
    lines = [
        "# Is only the marginal information removed?",
        "",
        "How far each method's model is from models retrained without the forget set, on what the retained data support and on what only the forget set says. *Beyond*: exact JSD to the oracles less that of one more retraining (nats; mean, smallest and largest of the seeds). *Accuracy*: answer tokens right under greedy decoding, less the oracles', in points. *Over-forgets*: certainly beyond by more than the margin, with a higher loss on true answers than the oracles at every seed; *under-forgets*: with a lower one (distances are certified, the way is read from measured losses); *as a retraining*: certainly within the margin, on every rung. A rung whose gate failed at a seed has no say in verdicts.",
        "",
    ]
    figures: dict[str, Callable[..., None]] = {}
    for kind, about in ABOUT.items():
        cases = [c for c in CASES.values() if c.kind == kind]
        lines += [f"## {kind}", "", about, ""]
        found = {c.section: readings_from(sections[c.section].numbers["seeds"]) for c in cases if c.section in sections}
        lines += summary(
            [(c, open_margins(sections[c.section].numbers), found[c.section]) for c in cases if c.section in found]
        )
        shares = {c.share: found[c.section] for c in cases if c.section in found and c.share is not None}
        if len(shares) > 1:
            name, last = f"figures/overlap-{slug(kind)}.png", sections[next(reversed(found))].numbers
            figures[name] = partial(figure, shares, last["margins"])
            lines += [f"![distance from the oracles over the share of shared facts]({name})", ""]
        for c in cases:
            lines += [f"### {c.title}", ""]
            if c.section in sections:
                lines += part(c, sections[c.section].numbers, found[c.section])
            else:
                lines.append(placeholder("overlap", c.section, NEEDS.get(kind, "")))
            lines.append("")
    return Page(lines, figures)


def part(case: Case, n: Mapping[str, Any], seeds: Seeds) -> list[str]:
    """What was asked, whether it was a fair question, and a line a row."""
    sides = list(n["items"])
    row = next(iter(seeds[0]))
    known = "; ".join(
        f"{side}: {n['items'][side]} items, oracles {_oracles(of_row(seeds, row, side))}, floor {_floor(n['seeds'], side)}"
        for side in sides
    )
    width = max(
        r.beyond[k][1] - r.beyond[k][0] for s in seeds for x in s.values() for r in x.values() for k in r.beyond
    )
    margins = ", ".join(f"{name} {margin:g}" for name, margin in n["margins"].items())
    sizes = ", ".join(f"{count} {name}" for name, count in n["sizes"].items())
    opened = open_margins(n)
    lines = [
        f"{len(seeds)} {'seed' if len(seeds) == 1 else 'seeds'}; {sizes} items, {n['oracles']} oracles, {n['steps'][0]} steps of training and {n['steps'][1]} of unlearning. {known[0].upper()}{known[1:]}. Margins: {margins}. Certified ends lie at most {width:.1g} apart.",
        "",
        gate_sentence(n),
        "",
        *markdown_table(["method", *(f"{side}: {head}" for side in sides for head in (*(f"beyond, {r}" for r in n["margins"]), "accuracy", "verdict"))]),
    ]  # fmt: skip
    for name in seeds[0]:
        cells = [name]
        for side in sides:
            readings = of_row(seeds, name, side)
            cells += [_beyond(readings, rung) for rung in n["margins"]]
            gap = sum(r.accuracy - r.oracle_accuracy for r in readings) / len(readings)
            cells += [f"{100 * gap:+.1f}", str(verdict(readings, opened))]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def summary(found: Sequence[tuple[Case, Mapping[str, float], Seeds]]) -> list[str]:
    """Who is as a retraining on both sides, and what the others do, section by section."""
    lines = []
    for case, margins, seeds in found:
        words = {
            name: {
                side: verdict(of_row(seeds, name, side), margins) for side in case.parts if of_row(seeds, name, side)
            }
            for name in seeds[0]
            if name != "original"
        }
        told = [
            f"{said} on {side} facts: {', '.join(names)}" if not case.is_text else f"{said} on {side} text: {', '.join(names)}"
            for side in case.parts
            for said in (Verdict.OVER, Verdict.UNDER)
            if (names := [name for name, sides in words.items() if sides.get(side) is said])
        ]  # fmt: skip
        good = [name for name, sides in words.items() if set(sides.values()) == {Verdict.AS_RETRAINING}]
        told.append(
            f"as a retraining on every side: {', '.join(good) or 'none'}" if margins else "no verdict, the gate failed"
        )
        lines += [f"- {case.title}: {'; '.join(told)}."]
    return [*lines, ""] if lines else []


def open_margins(n: Mapping[str, Any]) -> dict[str, float]:
    """Margins of the rungs whose gate is open at every seed."""
    worst = _worst_gates(n)
    return {rung: x for rung, x in n["margins"].items() if worst.get(rung, math.inf) <= n["gate_margin"]}


def gate_sentence(n: Mapping[str, Any]) -> str:
    """Were originals and oracles trained alike on what stays?"""
    worst, closed = _worst_gates(n), [rung for rung in n["margins"] if rung not in open_margins(n)]
    told = ", ".join(f"{rung} {value:.4f}" for rung, value in worst.items())
    why = f"failed on {', '.join(closed)}: how differently the models were trained shows there too, so it has no say in verdicts"
    end = why if closed else "passed"
    return f"Gate, retain questions, original beyond the floor at most: {told} (allowed {n['gate_margin']:g}), {end}."


def _worst_gates(n: Mapping[str, Any]) -> dict[str, float]:
    return {rung: max(s["gate"][rung] for s in n["seeds"]) for rung in n["seeds"][0]["gate"]}


def _beyond(readings: Sequence[Reading], rung: str) -> str:
    middles = [sum(r.beyond[rung]) / 2 for r in readings]
    spread = f" ({min(middles):.4f} to {max(middles):.4f})" if len(middles) > 1 else ""
    return f"{sum(mean_ends(readings, rung)) / 2:.4f}{spread}"


def _oracles(readings: Sequence[Reading]) -> str:
    accuracy, loss = (sum(getattr(r, k) for r in readings) / len(readings) for k in ("oracle_accuracy", "oracle_loss"))
    return f"{100 * accuracy:.0f} % right, loss {loss:.2f}"


def _floor(seeds: Sequence[Mapping[str, Any]], side: str) -> str:
    floors = [s["floor"][side] for s in seeds if side in s["floor"]]
    return ", ".join(f"{rung} {sum(f[rung] for f in floors) / len(floors):.4f}" for rung in floors[0])
