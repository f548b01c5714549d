"""`mari request`: a deletion request in one command, from the data to the folder that is handed over."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from experiments.cli.command import Commands, add_batch, add_command, add_training, loop_settings, method_settings
from experiments.cli.show import print_failure, print_json, print_wrapped
from mari_theory.errors import require


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    text = "do a deletion request: retrain oracles, unlearn, audit, and write the folder to hand over"
    request = add_command(commands, "request", run, text)
    request.add_argument("model", metavar="MODEL", help="the model that has seen the data: folder, hub id, or smollm2")
    for name, what in (
        ("forget", "what is to be forgotten"),
        ("retain", "what stays"),
        ("holdout", "what the model never saw"),
    ):
        request.add_argument(f"--{name}", required=True, type=Path, help=f"{what}: a table of prompt, answer, owner (JSONL, CSV, Parquet, hf:ID:NAME)")  # fmt: skip
    request.add_argument(
        "--oracle", nargs="+", default=[], metavar="O", help="models retrained without the data, at least 2"
    )
    request.add_argument(
        "--base", help="no oracles: retrain from this model, which never saw the data (or tiny, the toy)"
    )
    request.add_argument("--count", type=int, default=2, help="oracles to train (default 2)")
    how = request.add_mutually_exclusive_group()
    how.add_argument("--method", help="of unlearning (default npo)")
    how.add_argument("--validate", action="store_true", help="pick the method on another request, of owners that stay")
    request.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the method")
    add_training(request, steps=60, lr=3e-4)
    add_batch(request)
    request.add_argument("--batch-forget", type=int, default=8)
    request.add_argument("--epochs", type=float, default=5.0, help="of retraining (default 5)")
    request.add_argument("--retrain-lr", type=float, default=3e-4, help="learning rate of retraining (default 3e-4)")
    request.add_argument(
        "--margin", type=float, default=0.02, help="nats within which models count as equivalent (default 0.02)"
    )
    request.add_argument("--confidence", type=float, default=0.95)
    request.add_argument("--gate", type=float, default=0.01, help="nats that MODEL may lie farther from the oracles than a retraining on what stays (default 0.01)")  # fmt: skip
    request.add_argument("--draws", type=int, default=1000, help="outputs an arm (default 1000)")
    request.add_argument("--max-new", type=int, default=32, help="longest output in tokens (default 32)")
    request.add_argument("--estimate", action="store_true", help="say what it will cost, and do nothing")
    request.add_argument("--out", required=True, type=Path, help="new folder; OUT/handover is what to hand over")
    request.add_argument("--resume", action="store_true", help="continue a killed request")


def run(args: argparse.Namespace) -> int:
    """Do it, and print what can be said; 1 when the audit contradicted itself."""
    from experiments.data.encoding import batches_of
    from experiments.data.files import load_files
    from experiments.measures.result import AuditFailure
    from experiments.request.cost import Cost
    from experiments.request.plan import Ask
    from experiments.request.run import DEFAULT, run_request
    from experiments.request.statement import answer

    require(args.method or not args.set, "--set", "settings of a named --method", ", ".join(args.set))
    training = loop_settings(args, steps=args.steps, batch_forget=args.batch_forget)
    retraining = loop_settings(args, epochs=args.epochs, lr=args.retrain_lr, batch_forget=1)
    ask = Ask(
        model=args.model,
        oracles=tuple(args.oracle),
        base=args.base,
        method=None if args.validate else args.method or DEFAULT,
        settings=method_settings(args.set),
        loop=training,
        retraining=retraining,
        count=args.count,
        rank=args.rank,
        half_precision=args.bf16,
        device=args.device,
        margin=args.margin,
        gate=args.gate,
        confidence=args.confidence,
        draws=args.draws,
        max_new=args.max_new,
        seed=args.seed,
    )
    data = load_files(args.forget, args.retain, args.holdout)
    try:
        with batches_of(args.batch):
            done = run_request(
                ask, data, args.out, args.resume, args.estimate, f"mari request {args.model} --out {args.out}"
            )
    except AuditFailure as e:
        print_failure("request", e)
        if args.json:
            print_json({"ok": False, "failure": str(e), "run": str(args.out / "audit")})
        return 1
    if isinstance(done, Cost):
        if args.json:
            print_json({"ok": True, "estimate": asdict(done)})
        return 0
    row = done.run.methods[0]
    if args.json:
        said = {"verdict": row.oracle.verdict, "no_verdict": row.oracle.no_verdict, "damaged": row.damaged}
        ends = {"jsd_lower": row.oracle.claim.lower, "jsd_upper": row.oracle.claim.upper}
        places = {
            "handover": str(done.folder),
            "statement": str(done.folder / "statement.html"),
            "model": str(done.model),
        }
        print_json(
            {"ok": True, "method": row.name, **said, **ends, "max_accuracy": row.oracle.implies.max_accuracy, **places}
        )
    else:
        print_wrapped(f"Could anyone still tell? {answer(done.run, row)}")
        print(f"statement: {done.folder / 'statement.html'}   model: {done.model}   to hand over: {done.folder}")
    return 0
