"""`mari audit`: the main job, and its table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.cli.command import Commands, add_batch, add_command
from experiments.cli.show import print_failure, print_json, print_wrapped
from mari_theory.rounding import span, up

if TYPE_CHECKING:
    from experiments.audit.results import Run
    from experiments.measures.result import Row


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    audit = add_command(commands, "audit", run, "train, retrain, unlearn, score, certify, attack, report")
    audit.add_argument("--preset", default="tiny", help="see `mari presets` (default tiny)")
    audit.add_argument("--config", type=Path, help="YAML that overrides the preset")
    audit.add_argument(
        "--out", type=Path, help="run folder (default: `out` of the config, else runs/ and its or the preset's name)"
    )
    audit.add_argument(
        "--method", action="append", metavar="LABEL", help="only this row (repeatable), of methods or models"
    )
    audit.add_argument("--seed", type=int)
    audit.add_argument("--device", help="where models compute (default: `model.device` of the configuration)")
    add_batch(audit)
    audit.add_argument("--print-config", action="store_true", help="print the whole configuration as YAML, run nothing")
    audit.add_argument("--resume", action="store_true", help="continue an interrupted run")


def run(args: argparse.Namespace) -> int:
    """Run or continue the audit and print its table; 1 when it could not be finished."""
    from experiments.audit.run import run_audit
    from experiments.config import load_config, select_methods
    from experiments.data.encoding import batches_of
    from experiments.measures.result import AuditFailure

    device = None if args.device is None else {"device": args.device}
    config = load_config(args.preset, args.config, seed=args.seed, model=device)
    if args.method:
        config = select_methods(config, args.method)
    if args.print_config:
        print(config.dump(), end="")
        return 0
    own = args.config.stem if args.config else args.preset
    out = args.out or Path(config.out or Path("runs") / own)
    config = config.model_copy(update={"out": str(out)})
    named = f" --config {args.config}" if args.config else ""
    try:
        with batches_of(args.batch):
            result = run_audit(config, out, args.resume, f"mari audit --preset {args.preset}{named}")
    except AuditFailure as e:
        print_failure("audit", e)
        if args.json:
            print_json({"ok": False, "failure": str(e), "run": str(out)})
        return 1
    if args.json:
        rows = [_short(result, r) for r in result.ordered]
        from experiments.audit.reading import alarms

        said = {"run": str(out), "report": str(out / "report.html"), "alarms": alarms(result)}
        print_json({"ok": True, **said, "rows": rows})
    else:
        _print_rows(result)
        print(f"\nreport: {out / 'report.html'}   table: {out / 'summary.md'}   certificates: {out / 'certificates'}")
    return 0


def _short(run: Run, row: Row) -> dict[str, Any]:
    c = row.oracle
    return {
        "name": row.name,
        "jsd_lower": c.claim.lower,
        "jsd_upper": c.claim.upper,
        "worst_owner_upper": c.owners.worst_upper if c.owners else None,
        "owners_above_margin": c.owners.above_margin if c.owners else None,
        "max_accuracy": c.implies.max_accuracy,
        "verdict": c.verdict,
        "damaged": row.damaged,
        "excess": {
            name: x.model_dump() | {"verdict": x.verdict if run.judges(name) else None}
            for name, x in row.excess.items()
        },
        **row.measures,
    }


def _print_rows(run: Run) -> None:
    from experiments.audit.reading import alarms

    for line in alarms(run):
        print_wrapped(line)
    print(f"\n{'model':<22} {'JSD to oracle':>15} {'worst':>6} {'acc <=':>6} {'attack':>6} {'retain':>6}  verdict")
    for r in run.ordered:
        c = r.oracle
        ends = span(c.claim.lower, c.claim.upper, word="-")
        worst = up(c.owners.worst_upper, 3) if c.owners else "-"
        verdict = r.verdict.replace("equivalent", "equal").replace(" within margin", ", worst too")
        print(
            f"{r.name[:22]:<22} {ends:>15} {worst:>6} {up(100 * c.implies.max_accuracy, 1):>5}% {r.best_attack:6.3f} {r.measures['retain_exact']:6.2f}  {verdict}"
        )
    floor = run.the("oracle").oracle
    own = "" if floor.owners is None else f", the oracles' own worst {up(floor.owners.worst_upper)}"
    print(f"worst: the {run.unit} farthest from the oracles; margin {run.config.margin:g} nats{own}")
    print(
        f"floor, retrained models against the oracles: {span(floor.claim.lower, floor.claim.upper, word='-')} nats an answer"
    )
    for line in ladder_lines(run):
        print(line)


def ladder_lines(run: Run) -> list[str]:
    """Rungs of every row beside the floor, 80 columns; and what the gate says."""
    from experiments.audit.report import rung_text

    names = list(run.rows[0].rungs)
    out = [f"gate {'passed' if not run.gate.failures else 'FAILED: ' + ', '.join(run.gate.failures)}"]
    if names:
        out += ["", f"{'exact JSD to the oracles':<28}" + "".join(f"{n:>17}" for n in names)]
        for r in run.ordered:
            cells = "".join(f"{rung_text(r.rungs[n]):>17}" for n in names)
            out.append(f"{r.name[:28]:<28}{cells}")
    return out
