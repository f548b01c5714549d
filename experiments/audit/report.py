"""One self-contained HTML page and a Markdown table from `results.json`."""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from experiments.audit.figures import draw_figures
from experiments.measures.tofu_metrics import FORGET, UTILITY_TASKS
from experiments.methods import make_method
from experiments.methods.origin import origin_of
from mari_theory.certificates import words
from mari_theory.certificates.files import write_text
from mari_theory.errors import ArgumentError, require

TASK_NAMES = dict(zip((FORGET, *UTILITY_TASKS), ("forget", "retain", "real authors", "world facts"), strict=True))


def write_report(run: Path) -> Path:
    """Draw the figures of a run folder and write `report.html` and `summary.md`; returns the page's path.

    Raises `ArgumentError` on a folder without complete results.
    """
    source = run / "results.json"
    require(source.is_file(), "run", "a folder with results.json (a finished audit)", run)
    try:
        results = json.loads(source.read_text(encoding="utf-8"))
    except json.JSONDecodeError as e:
        raise ArgumentError("run", "a complete results.json", f"{source}: {e}") from None
    figures = draw_figures(results, run / "figures")
    images = {k: base64.b64encode(p.read_bytes()).decode() for k, p in figures.items()}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("page.html").render(
        r=results,
        images=images,
        reading=reading(results),
        meaning=words.PAIRS,
        words=words,
        tasks=TASK_NAMES,
        since=since(results),
        percent=100 * results["config"]["confidence"],
    )
    write_text(run / "report.html", page)
    write_text(run / "summary.md", markdown(results))
    return run / "report.html"


def reading(results: dict[str, Any]) -> list[str]:
    """Plain sentences: what was found, bad news included."""
    floor = results["floor"]["certificate"]["claim"]
    margin = results["config"]["margin"]
    out = [
        f"Two models retrained without the forget set differ by {floor['lower']:.4f} to {floor['upper']:.4f} nats an answer: the noise floor of every number to the oracle."
    ]
    methods = [r for r in results["rows"] if r["kind"] == "method"]
    verdicts = {r["name"]: r["certificates"]["oracle"]["verdict"] for r in methods}
    good = [n for n, v in verdicts.items() if v == "equivalent within margin"]
    average = [n for n, v in verdicts.items() if v == "equivalent on average"]
    bad = [r["name"] for r in methods if r["certificates"]["oracle"]["verdict"] == "detectable"]
    if good:
        out.append(f"Certified within {margin:g} nats of the oracle average, the worst owner too: {', '.join(good)}.")
    if average:
        out.append(f"Within {margin:g} nats on average, but not certified for the worst owner: {', '.join(average)}.")
    if bad:
        out.append(
            f"Certified to be further than {margin:g} nats from it on average or for an owner, so told apart from a retrained model: {', '.join(bad)}."
        )
    if results["floor"]["worst_owner"] is not None:
        worst = results["floor"]["worst_owner"]
        fits = "a retraining passes" if worst <= margin else "a retraining would not pass"
        out.append(
            f"The margin is set by what retrainings need: an oracle's own worst owner lies {worst:.4f} nats from the others; {fits}."
        )
    original = next(r for r in results["rows"] if r["kind"] == "original")
    oracle = next(r for r in results["rows"] if r["kind"] == "oracle")
    m = original["marginal"]
    if m["value"] <= 1.5 * m["floor"] and original["forget_exact"] > 0.5:
        out.append(
            f"Pooled marginal information does not see memorisation here (T26): the original model answers {100 * original['forget_exact']:.0f} % of the forget questions "
            f"exactly, yet reads {m['value']:.4f} nats against a retain-against-retain floor of {m['floor']:.4f}."
        )
    attack = max(r["best_attack"] for r in methods) if methods else math.nan
    if methods:
        closest = min(methods, key=lambda r: r["certificates"]["oracle"]["claim"]["upper"])
        out.append(
            f"Closest to the oracle: {closest['name']}; its best membership attack has AUC {closest['best_attack']:.2f} (original {original['best_attack']:.2f}, oracle {oracle['best_attack']:.2f}, worst method {attack:.2f})."
        )
        broken = [r["name"] for r in methods if r["retain_probability"] < 0.9 * original["retain_probability"]]
        if broken:
            out.append(
                f"Damaged what had to stay (retain answer probability down by more than a tenth): {', '.join(broken)}."
            )
    return out


def since(results: dict[str, Any]) -> str:
    """What the seconds of a run count."""
    return "since it was resumed" if results.get("resumed") else "in all"


def tofu_table(results: dict[str, Any]) -> list[str]:
    """TOFU's own numbers, where the corpus is TOFU."""
    if not results["rows"][0].get("tofu"):
        return []
    tasks = list(results["rows"][0]["tofu"]["probability"])
    heads = [
        "model",
        "TOFU forget quality (p)",
        "truth ratio",
        "model utility",
        *(f"p, {TASK_NAMES[t]}" for t in tasks),
    ]
    lines = ["", f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    for r in results["rows"]:
        t = r["tofu"]
        utility = "-" if t["model_utility"] is None else f"{t['model_utility']:.3f}"
        cells = [r["name"], f"{t['forget_quality']:.2g}", f"{t['truth_ratio']:.3f}", utility]
        known = [f"{t['probability'][k]:.3f}" for k in tasks]
        lines.append(f"| {' | '.join([*cells, *known])} |")
    return lines


def worst_owner(certificate: dict[str, Any]) -> str:
    """Upper end for the owner farthest from the oracles, and how many are certainly beyond the margin."""
    owners = certificate["owners"]
    if owners is None:
        return "-"
    named = len(owners["above_margin"])
    return f"{owners['worst_upper']:.4f}" + (f" ({named} of {owners['count']} beyond)" if named else "")


def levels_line(results: dict[str, Any]) -> str:
    """At which level the numbers of the table hold."""
    exact = all(r["certificates"]["oracle"]["claim"]["method"] == "exact-laws" for r in results["rows"])
    if exact:
        return "Divergences to the oracle, worst owners and accuracies are exact (every law enumerated, rounding enclosed)."
    return f"All numbers of one certificate hold at once at confidence {results['config']['confidence']:g}."


def markdown(results: dict[str, Any]) -> str:
    """The table of methods with command, machine and date, for README and docs."""
    origins = {m["label"]: origin_of(make_method(m["name"], **m["settings"])) for m in results["config"]["methods"]}
    head = "| model | from | certified JSD to oracle | worst owner | accuracy at most | verdict | best attack AUC | forget p / exact | retain p / exact | marginal (floor) | matched | seconds |"
    lines = [head, "|" + " --- |" * 12]
    for r in results["rows"]:
        c = r["certificates"]["oracle"]
        name = r["name"] + (" (against the other oracles)" if r["kind"] == "oracle" else "")
        lines.append(
            f"| {name} | {origins.get(r['name'], '-')} | {c['claim']['lower']:.4f} to {c['claim']['upper']:.4f} | {worst_owner(c)} | {100 * c['implies']['max_accuracy']:.1f} % | {c['verdict']} "
            f"| {r['best_attack']:.3f} | {r['forget_probability']:.3f} / {r['forget_exact']:.2f} | {r['retain_probability']:.3f} / {r['retain_exact']:.2f} "
            f"| {r['marginal']['value']:.4f} ({r['marginal']['floor']:.4f}) | {r['matched']['value']:.3f} | {r['seconds']:.0f} |"
        )
    lines += tofu_table(results)
    floor = results["floor"]["certificate"]["claim"]
    foot = [
        "",
        " ".join(reading(results)[1:]),
        f"Oracle against oracle: {floor['lower']:.4f} to {floor['upper']:.4f} nats. Blind text-only baseline AUC {results['blind']['auc']:.3f}. "
        f"{levels_line(results)}",
    ]
    if results["coverage"]:
        missed = sum(not c["covered"] for c in results["coverage"])
        foot.append(
            f"Every output enumerated: {missed} of {len(results['coverage'])} intervals missed the exact value; none at confidence 1 - 1e-6."
        )
    foot.append(
        f"`{results['command']}`, {results['date']}, {results['machine']}, {results['seconds']:.0f} s {since(results)}, {results['corpus']['name']} corpus, mari {results['version']}."
    )
    return "\n".join([*lines, *foot]) + "\n"
