"""`mari audit`: the main job, and its table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from experiments.cli.command import Commands, add_command
from experiments.cli.show import print_failure, print_json


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    audit = add_command(commands, "audit", run, "train, retrain, unlearn, score, certify, attack, report")
    audit.add_argument("--preset", default="tiny", help="tiny, smollm2 or tofu (default tiny)")
    audit.add_argument("--config", type=Path, help="YAML that overrides the preset")
    audit.add_argument("--out", type=Path, help="run folder (default runs/PRESET)")
    audit.add_argument("--method", action="append", metavar="LABEL", help="only this row (repeatable)")
    audit.add_argument("--seed", type=int)
    audit.add_argument("--resume", action="store_true", help="continue an interrupted run")


def run(args: argparse.Namespace) -> int:
    """Run or continue the audit and print its table; 1 when it could not be finished."""
    from experiments.audit.run import AuditFailure, run_audit
    from experiments.config import load_config, select_methods

    config = load_config(args.preset, args.config, seed=args.seed)
    if args.method:
        config = select_methods(config, args.method)
    out = args.out or Path("runs") / args.preset
    try:
        results = run_audit(config, out, args.resume)
    except AuditFailure as e:
        print_failure("audit", e)
        if args.json:
            print_json({"ok": False, "failure": str(e), "run": str(out)})
        return 1
    if args.json:
        rows = [_short(r) for r in results["rows"]]
        print_json({"ok": True, "run": str(out), "report": str(out / "report.html"), "rows": rows})
    else:
        _print_rows(results)
        print(f"\nreport: {out / 'report.html'}   table: {out / 'summary.md'}   certificates: {out / 'certificates'}")
    return 0


def _short(row: dict[str, Any]) -> dict[str, Any]:
    c = row["certificates"]["oracle"]
    owners = c["owners"] or {}
    return {
        "name": row["name"],
        "jsd_lower": c["claim"]["lower"],
        "jsd_upper": c["claim"]["upper"],
        "worst_owner_upper": owners.get("worst_upper"),
        "owners_above_margin": owners.get("above_margin"),
        "max_accuracy": c["implies"]["max_accuracy"],
        "verdict": c["verdict"],
        "best_attack_auc": row["best_attack"],
        "retain_exact": row["retain_exact"],
        "forget_exact": row["forget_exact"],
    }


def _print_rows(results: dict[str, Any]) -> None:
    print(f"\n{'model':<22} {'JSD to oracle':>15} {'worst':>6} {'acc <=':>6} {'attack':>6} {'retain':>6}  verdict")
    for r in results["rows"]:
        c = r["certificates"]["oracle"]
        span = f"{c['claim']['lower']:.4f}-{c['claim']['upper']:.4f}"
        worst = f"{c['owners']['worst_upper']:.3f}" if c["owners"] else "-"
        verdict = c["verdict"].replace("equivalent", "equal").replace(" within margin", ", worst too")
        print(
            f"{r['name'][:22]:<22} {span:>15} {worst:>6} {100 * c['implies']['max_accuracy']:5.1f}% {r['best_attack']:6.3f} {r['retain_exact']:6.2f}  {verdict}"
        )
    floor = results["floor"]["certificate"]["claim"]
    print(
        f"worst: the owner farthest from the oracles; margin {results['config']['margin']:g} nats{_floor_of(results)}"
    )
    print(
        f"oracle against oracle: {floor['lower']:.4f}-{floor['upper']:.4f} nats; one sampled answer to a forget question"
    )


def _floor_of(results: dict[str, Any]) -> str:
    worst = results["floor"]["worst_owner"]
    return "" if worst is None else f", an oracle's own worst {worst:.4f}"
