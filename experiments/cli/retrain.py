"""`mari retrain`: oracles from a base, on what stays alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from experiments.cli.command import Commands, add_command, add_training, loop_settings
from experiments.cli.show import print_json


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    text = "train oracles: a base (which has never seen the data to forget) on what stays alone"
    retrain = add_command(commands, "retrain", run, text)
    retrain.add_argument(
        "model", metavar="BASE", help="model folder, hub id, smollm2, or tiny (the toy, random weights)"
    )
    retrain.add_argument("--retain", required=True, type=Path, help="table of prompt, answer, owner: JSONL, CSV, Parquet, hf:ID:NAME")  # fmt: skip
    retrain.add_argument("--count", type=int, default=2, help="oracles, each with a seed of its own (default 2)")
    retrain.add_argument("--out", required=True, type=Path, help="new folder; the models are OUT/oracle-0, ...")
    add_training(retrain, steps=None, lr=3e-4)
    retrain.add_argument("--epochs", type=float, default=5.0, help="passes over what stays, unless --steps (default 5)")
    retrain.add_argument("--resume", action="store_true", help="continue a killed run")


def run(args: argparse.Namespace) -> int:
    """Train, save, and say how an audit reads them."""
    from experiments.data.files import read_items
    from experiments.unlearning.request import Start
    from experiments.unlearning.retrain import retrain

    epochs = args.epochs if args.steps is None else None
    settings = loop_settings(args, epochs=epochs, batch_forget=1, steps=args.steps or 1)
    items = read_items(args.retain)
    start = Start(args.model, rank=args.rank or None, half_precision=args.bf16, device=args.device)
    records = retrain(start, items, args.out, args.count, settings, args.resume)
    folders = [r["model"] for r in records]
    if args.json:
        print_json({"ok": True, "oracles": folders, "records": records})
    else:
        print(f"oracles: [{', '.join(folders)}]")
        print(f"next: mari request MODEL --oracle {' '.join(folders)} ..., or `oracles:` of an audit")
    return 0
