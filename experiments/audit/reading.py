"""What an audit found, in plain sentences: bad news included."""

from __future__ import annotations

import math

from experiments.audit.results import Run
from experiments.measures.result import Row
from experiments.methods import make_method, retain_terms
from experiments.methods.ppo import levelled_off, rewards_of
from experiments.unlearning.roles import ready_roles
from mari_theory.rounding import span, up, up_to

KNOWN = 0.5
"""Share of never-seen answers known exactly above which a page asks whether they are never seen."""


def reading(run: Run) -> list[str]:
    """One sentence a finding; what withholds verdicts comes first, then the noise floor."""
    floor = run.the("oracle").oracle
    margin, a_unit = run.config.margin, f"a{'n' * (run.unit == 'owner')} {run.unit}"
    out = [
        *alarms(run),
        f"{_retrained(run)} lie apart by {span(floor.claim.lower, floor.claim.upper)} nats an answer: the noise floor of every number to the oracle.",
        *_excess(run),
        *_trust(run),
        *_looked_at(run),
    ]
    verdicts = {r.name: r.oracle.verdict for r in run.methods}
    damaged = {r.name for r in run.methods if r.damaged}
    good = [f"{n} (damaged)" if n in damaged else n for n, v in verdicts.items() if v == "equivalent within margin"]
    average = [n for n, v in verdicts.items() if v == "equivalent on average"]
    bad = [n for n, v in verdicts.items() if v == "detectable"]
    if good:
        out.append(
            f"Certified within {margin:g} nats of the oracle average, the worst {run.unit} too: {', '.join(good)}."
        )
    if average:
        out.append(
            f"Within {margin:g} nats on average, but not certified for the worst {run.unit}: {', '.join(average)}."
        )
    if bad:
        out.append(
            f"Certified to be further than {margin:g} nats from it on average or for {a_unit}, so told apart from a retrained model: {', '.join(bad)}."
        )
    if floor.owners is not None:
        worst = floor.owners.worst_upper
        fits = "a retraining passes" if worst <= margin else "a retraining would not pass"
        out.append(
            f"The margin is set by what retrainings need: an oracle's own worst {run.unit} lies {up(worst)} nats from the others; {fits}."
        )
    shown = {r.name for r in run.methods}
    methods = {m.label: make_method(m.name, **m.settings) for m in run.config.methods if m.label in shown}
    terms = [retain_terms(methods)] if methods else []
    return [*out, *_blindness(run), *_attacks(run), *_damage(run), *_rewards(run), *terms]


def alarms(run: Run) -> list[str]:
    """What withholds every verdict; nothing else a page says may stand above it."""
    knowledge = run.knowledge
    known = (
        [
            f"Oracles know the data: {knowledge.why}. They, or the base they were trained from, have seen it, so being close to them is no forgetting; no verdict is given. "
            "Retrain from a base that never saw the data."
        ]
        if knowledge and knowledge.flagged
        else []
    )
    return known + _gate(run)


def _looked_at(run: Run) -> list[str]:
    """What the test for oracles that know the data found where it found nothing, and what it cannot find."""
    k = run.knowledge
    if k is None or k.flagged:
        return []
    exact = f"exact answers {k.exact[0]:.2f} against {k.exact[1]:.2f} never seen"
    sides = f"{k.owners[0]} owners to forget and {k.owners[1]} never seen"
    if k.exact[1] > KNOWN:
        return [
            f"Retrained models answer {100 * k.exact[1]:.0f} % of the never-seen questions exactly: those may be seen, or easy, and cannot show whether the data to forget were."
        ]
    if k.testable:
        return [
            f"No sign was found that the retrained models know the data to forget ({exact}; {sides}, p = {k.p_value:.2g})."
        ]
    return [
        f"Whether the retrained models know the data to forget could not be tested: {sides} allow p = {k.least:.2g} at best (level {k.level:.2g}); {exact}."
    ]


def _gate(run: Run) -> list[str]:
    gate = run.gate
    if not gate.failures:
        return []
    worst = max(gate.failures, key=lambda name: gate.readings[name].upper)
    return [
        f"The gate failed ({', '.join(gate.failures)}): {gate.why(worst)}, though nothing was deleted there. Forget-side numbers here measure training, not memory; no verdict is given."
    ]


def made_elsewhere(run: Run) -> list[str]:
    """Names of the models that the run was given."""
    return [role.name for role in ready_roles(run.config)]


def _trust(run: Run) -> list[str]:
    """What no measurement of a model made elsewhere can show."""
    names = made_elsewhere(run)
    if not names:
        return []
    return [
        f"Made elsewhere: {', '.join(names)}. How each was trained, that no retrained one saw a question to forget and that none saw a never-seen "
        "one is its maker's word: their data are not known here. An oracle that did see them makes the original look nearer than it is."
    ]


def _retrained(run: Run) -> str:
    k = run.config.seeds
    return (
        "A retraining and the average of the others" if k == 1 else f"The averages of {k} and of {k} other retrainings"
    )


def _excess(run: Run) -> list[str]:
    """What was certified no farther than a retraining, rung by rung."""
    out = []
    for name, before in run.the("original").excess.items():
        if not run.judges(name):
            continue
        near = [r for r in run.methods if r.excess[name].verdict == "as a retraining"]
        margin = before.margin
        if before.verdict == "as a retraining":
            out.append(
                f"On {name}, the model before unlearning is itself no more detectable than a retraining, up to {margin:g} nats "
                f"(at most {up_to(max(before.upper, 0.0))}): with this margin the rung shows no forgetting here."
            )
            continue
        kept = [r for r in near if all(u.holds for u in r.utility.values())]
        damaged = [r for r in near if r not in kept]
        said = f"On {name}, no more detectable than a retraining, up to {margin:g} nats"
        if kept:
            out.append(f"{said}, and what stays is not worse than the oracles': {_named(kept, name)}.")
        if damaged:
            out.append(f"{said}, but without proof that what stays is as good: {_named(damaged, name)}.")
    return out


def _named(rows: list[Row], name: str) -> str:
    return ", ".join(f"{r.name} (at most {up_to(max(r.excess[name].upper, 0.0))})" for r in rows)


def _blindness(run: Run) -> list[str]:
    original = run.the("original")
    exact, marginal = original.measures["forget_exact"] or 0.0, original.pairs["marginal"].numbers
    value, floor = marginal["value"] or 0.0, marginal["floor"] or 0.0
    if value > 1.5 * floor or exact <= 0.5:
        return []
    return [
        f"Pooled marginal information does not see memorisation here (T26): the original model answers {100 * exact:.0f} % of the forget questions "
        f"exactly, yet reads {value:.4f} nats against a retain-against-retain floor of {floor:.4f}."
    ]


def _attacks(run: Run) -> list[str]:
    if not run.methods:
        return []
    closest = min(run.methods, key=lambda r: r.oracle.claim.upper)
    worst = max((r.best_attack for r in run.methods), default=math.nan)
    return [
        f"Closest to the oracle: {closest.name}; its best membership attack has AUC {closest.best_attack:.2f} (original {run.the('original').best_attack:.2f}, oracle {run.the('oracle').best_attack:.2f}, worst method {worst:.2f})."
    ]


def _damage(run: Run) -> list[str]:
    before = run.the("original").measures["retain_probability"] or 0.0
    lost = [r.name for r in run.methods if r.damaged]
    names = [r.name for r in run.methods if not r.damaged and (r.measures["retain_probability"] or 0.0) < 0.9 * before]
    out = []
    if lost:
        points = 100 * run.config.utility_margin
        out.append(
            f"Damaged: answer accuracy on what had to stay certainly lost by more than {points:g} points: {', '.join(lost)}."
        )
    if names:
        out.append(
            f"Damaged what had to stay (retain answer probability down by more than a tenth): {', '.join(names)}."
        )
    return out


def _rewards(run: Run) -> list[str]:
    """Reinforcement learning that ended while it still gained is no trained run of its method."""
    rising = []
    for row in run.methods:
        paid = [rewards_of(run.trajectories.get(m, ())) for m in row.models]  # models made elsewhere have no trajectory
        if any(paid) and not all(map(levelled_off, paid)):
            rising.append(row.name)
    return [f"Reward had not levelled off, so not trained to its end: {', '.join(rising)}."] if rising else []
