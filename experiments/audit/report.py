"""One self-contained HTML page and a Markdown table from an audit's result."""

from __future__ import annotations

import base64
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from experiments.audit.figures import draw_figures
from experiments.audit.reading import alarms, made_elsewhere, reading
from experiments.audit.results import Run
from experiments.measures.pairs import PAIRS
from experiments.measures.result import PairResult, Row
from experiments.measures.table import GROUPS, MEASURES, Group, Measure
from experiments.methods import make_method
from mari_theory.certificates import words
from mari_theory.certificates.certificate import Certificate
from mari_theory.certificates.files import write_text
from mari_theory.rounding import down, down_to, span, up, up_to


def write_report(folder: Path) -> Path:
    """Draw the figures of a run folder and write `report.html` and `summary.md`; returns the page's path.

    Raises `ArgumentError` on a folder without complete results.
    """
    run = Run.load(folder)
    figures = draw_figures(run, folder / "figures")
    images = {k: base64.b64encode(p.read_bytes()).decode() for k, p in figures.items()}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("page.html").render(
        run=run,
        images=images,
        reading=reading(run),
        alarms=alarms(run),
        meaning=words.PAIRS,
        words=words,
        columns=columns(list(MEASURES.values())),
        cell=cell,
        pairs=PAIRS,
        rungs=list(run.rows[0].rungs),
        rung_text=rung_text,
        span=span,
        up=up,
        down=down,
        worst_owner=worst_owner,
        excess_text=excess_text,
        groups=[g for g in GROUPS.values() if g.name in run.rows[0].groups],
        since=since(run),
        seconds=seconds,
        assumptions=list(dict.fromkeys(a for row in run.rows for a in row.oracle.assumptions)),
        percent=100 * run.config.confidence,
    )
    write_text(folder / "report.html", page)
    write_text(folder / "summary.md", markdown(run))
    return folder / "report.html"


def columns(measures: list[Measure]) -> list[tuple[str, list[Measure]]]:
    """Neighbours under one heading make one column."""
    return [(heading, list(parts)) for heading, parts in groupby(measures, key=lambda m: m.heading)]


def cell(row: Row, parts: list[Measure]) -> str:
    """The numbers of one column."""
    return " / ".join(m.text(row.measures.get(m.name)) for m in parts)


def seconds(row: Row) -> str:
    """Of training one model of the row; none where it was made elsewhere."""
    return "-" if row.seconds is None else f"{row.seconds:.0f}"


def since(run: Run) -> str:
    """What the seconds of a run count."""
    return "since it was resumed" if run.effort.resumed else "in all"


def worst_owner(certificate: Certificate) -> str:
    """Upper end for the owner (or question) farthest from the oracles, and how many are certainly beyond the margin."""
    owners = certificate.owners
    if owners is None:
        return "-"
    beyond = len(owners.above_margin)
    return up(owners.worst_upper) + (f" ({beyond} of {owners.count} beyond)" if beyond else "")


def levels_line(run: Run) -> str:
    """At which level the numbers of the table hold."""
    if all(r.oracle.claim.method == "exact-laws" for r in run.rows):
        return f"Divergences to the oracle, worst {run.unit}s and accuracies are exact (every law enumerated, rounding enclosed)."
    return f"All numbers of one certificate hold at once at confidence {run.config.confidence:g}."


def table(heads: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def markdown(run: Run) -> str:
    """The table of methods with command, machine and date, for README and docs."""
    short = columns([m for m in MEASURES.values() if m.summary])
    pairs = [p for p in PAIRS.values() if p.summary]
    origins: dict[str, str] = {m.label: make_method(m.name, **m.settings).origin for m in run.config.methods}
    origins |= {r.name: "elsewhere" for r in run.rows if set(r.models) <= set(made_elsewhere(run))}
    heads = ["model", "from", "certified JSD to oracle", f"worst {run.unit}", "accuracy at most", "verdict"]
    rungs = list(run.rows[0].rungs)
    heads += [
        *(head for name in rungs for head in (f"JSD, {name}", "beyond the floor")),
        *(heading for heading, _ in short),
        *(p.heading for p in pairs),
        "seconds",
    ]
    rows = []
    for r in run.ordered:
        c = r.oracle
        name = r.name + (" (against the other oracles)" if r.kind == "oracle" else "")
        cells = [name, origins.get(r.name, "-"), span(c.claim.lower, c.claim.upper), worst_owner(c)]
        cells += [f"{up(100 * c.implies.max_accuracy, 1)} %", r.verdict]
        cells += [x for name in rungs for x in (rung_text(r.rungs[name]), excess_text(run, r, name))]
        cells += [cell(r, parts) for _, parts in short]
        cells += [p.text(r.pairs[p.name]) if p.name in r.pairs else "-" for p in pairs]
        rows.append([*cells, seconds(r)])
    lines = table(heads, rows)
    for group in GROUPS.values():
        if group.summary and group.name in run.rows[0].groups:
            lines += ["", *group_table(run, group)]
    return "\n".join([*lines, *_foot(run)]) + "\n"


def rung_text(result: PairResult) -> str:
    """Certified ends on one rung of the ladder, rounded outwards to four digits, or two significant ones where that says more.

    An exact interval too short to be seen is its upper end.
    """
    low, high = result.certificate.claim.lower, result.certificate.claim.upper
    shown = up(high) if high >= 0.001 else up_to(high)
    if high - low <= 1e-6:
        return shown
    return f"{down(low) if low >= 0.001 else down_to(low)} to {shown}"


def excess_text(run: Run, row: Row, name: str) -> str:
    """How much farther than the floor at most, and what follows where the gate is open."""
    if name not in row.excess:
        return "the floor" if row.kind == "oracle" else "-"
    x = row.excess[name]
    return up_to(x.upper, 2, "+") + (f", {x.verdict}" if run.judges(name) else "")


def group_table(run: Run, group: Group) -> list[str]:
    """A group's numbers, a row a model."""
    heads = list(run.rows[0].groups[group.name])
    return table(
        ["model", *heads],
        [[r.name, *(group.text(k, r.groups[group.name].get(k)) for k in heads)] for r in run.ordered],
    )


def _foot(run: Run) -> list[str]:
    floor, effort, said = run.the("oracle").oracle.claim, run.effort, alarms(run)
    foot = [
        "",
        " ".join([*said, *reading(run)[len(said) + 1 :]]),
        f"Retrained models against the oracles: {span(floor.lower, floor.upper)} nats. Blind text-only baseline AUC {run.blind.auc:.3f}. "
        f"{levels_line(run)}",
    ]
    if run.coverage:
        misses = sum(not c.covered for c in run.coverage)
        foot.append(
            f"Every output enumerated: {misses} of {len(run.coverage)} intervals missed the exact value; none at confidence 1 - 1e-6."
        )
    foot.append(
        f"`{effort.command}`, {effort.date}, {effort.machine}, {effort.seconds:.0f} s {since(run)}, {run.corpus.name} corpus, mari {run.version}."
    )
    return foot
