"""`mari unlearn`: one deletion request on one model."""

from __future__ import annotations

import argparse
from pathlib import Path

from experiments.cli.command import Commands, add_command, add_training, loop_settings, method_settings
from experiments.cli.show import print_failure, print_json


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    unlearn = add_command(commands, "unlearn", run, "unlearn the forget file from a model and save the result")
    unlearn.add_argument("--model", required=True, help="model folder, hub id, or smollm2")
    unlearn.add_argument("--base", help="the model before fine-tuning, for methods that match with it")
    unlearn.add_argument(
        "--forget", required=True, type=Path, help="table of prompt, answer, owner: JSONL, CSV, Parquet, or hf:ID:NAME"
    )
    unlearn.add_argument("--retain", required=True, type=Path, help="the same")
    unlearn.add_argument("--holdout", type=Path, help="the same, never trained on: when to stop, what to compare with")
    unlearn.add_argument("--method", default="npo", help="for example npo, mari-pooled, flat, dareu (default npo)")
    unlearn.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the method")
    unlearn.add_argument("--out", required=True, type=Path, help="new folder")
    add_training(unlearn, steps=60, lr=3e-4)
    unlearn.add_argument("--batch-forget", type=int, default=8)
    unlearn.add_argument("--stop-at-holdout", action="store_true", help="end where forget loss reaches the holdout's")
    unlearn.add_argument(
        "--stop-accuracy-drop",
        type=float,
        metavar="SHARE",
        help="end where next-token accuracy on the holdout has fallen by more than this share, for example 0.03",
    )
    unlearn.add_argument("--templates", type=Path, help="texts to answer with instead, one a line (default: refusals)")
    unlearn.add_argument("--resume", action="store_true", help="continue a killed run")


def run(args: argparse.Namespace) -> int:
    """Unlearn, save, and print how the losses moved; 1 when the run stopped without a usable model."""
    from experiments.data.files import load_files
    from experiments.methods import make_method
    from experiments.unlearning.request import Start, UnlearningStopped, unlearn

    method = make_method(args.method, **method_settings(args.set))
    own = ("steps", "batch_forget", "stop_at_holdout", "stop_accuracy_drop")
    settings = loop_settings(args, **{name: getattr(args, name) for name in own})
    data = load_files(args.forget, args.retain, args.holdout, args.templates)
    try:
        record = unlearn(
            Start(args.model, args.base, args.rank or None, args.bf16, args.device),
            data,
            method,
            args.out,
            settings,
            args.resume,
        )
    except UnlearningStopped as e:
        print_failure("unlearn", e)
        if args.json:
            print_json({"ok": False, "failure": str(e), "model": str(args.out / "model")})
        return 1
    first, last = record["history"][0], record["history"][-1]
    if args.json:
        print_json({"ok": True, **record})
    else:
        for part in ("forget", "retain", "holdout"):
            if f"{part}_loss" in first:
                print(f"{part:<8} loss {first[f'{part}_loss']:7.3f} -> {last[f'{part}_loss']:7.3f} nats a token")
        print(f"{record['steps']} steps in {record['seconds']:.0f} s, {record['stopped']}: {record['model']}")
        print("next: mari score --p ORACLE --q " + record["model"] + " --prompts ... --out scores.parquet")
    return 0
