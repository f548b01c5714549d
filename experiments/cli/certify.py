"""`mari certify`: evidence files to a certificate."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from experiments.cli.command import Commands, add_command
from experiments.cli.show import print_json, print_wrapped
from mari_theory.errors import require


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    certify = add_command(
        commands,
        "certify",
        run,
        "certificate from score files (Parquet, or JSONL of log-likelihoods), an option file, or a pool file",
    )
    certify.add_argument("files", nargs="+", type=Path)
    certify.add_argument("--confidence", type=float, default=0.95)
    certify.add_argument(
        "--margin", type=float, default=0.01, help="nats within which arms count as equivalent (default 0.01)"
    )
    certify.add_argument(
        "--interval",
        default=None,
        help="order-free (default), hoeffding; for rows drawn at random betting, betting-anytime, maurer-pontil; "
        "pool files: pooled-fast-rate (default), pooled-bounded-differences",
    )
    certify.add_argument(
        "--population",
        choices=("these-prompts", "prompts-like-these"),
        default="these-prompts",
        help="what is averaged over: these prompts (default), or prompts like these with the owner as unit",
    )
    certify.add_argument("--owner", help="about this owner alone (a cluster_id)")
    certify.add_argument("--prompt", help="about this prompt alone (a prompt_id)")
    certify.add_argument("--simultaneous", action="store_true", help="all numbers of the certificate hold at once")
    certify.add_argument(
        "--trust",
        choices=("likelihoods", "none"),
        default="likelihoods",
        help="none: a lower end that believes no likelihood",
    )
    certify.add_argument(
        "--pair", choices=("marginal", "oracle", "shift", "matched"), help="only for files that do not say"
    )
    certify.add_argument("--out", type=Path, help="where to write the certificate (JSON)")


def run(args: argparse.Namespace) -> int:
    """Print the certificate, and write it where `--out` says."""
    from estimators.certify import Question, certify_files

    args.files = [_score_file(path, args.pair) for path in args.files]
    certificate = certify_files(args.files, Question(**{f.name: getattr(args, f.name) for f in fields(Question)}))
    if args.out:
        certificate.save(args.out)
    if args.json:
        print_json(certificate.data())
    else:
        print_wrapped(str(certificate))
        for line in certificate.explain():
            print_wrapped(line, first="  ", rest="    ")
        if args.out:
            print(f"  written to {args.out}")
    return 0


def _score_file(path: Path, pair: str | None) -> Path:
    """The file itself, or the score file that JSONL was written to."""
    if path.suffix not in (".jsonl", ".json"):
        return path
    from experiments.interop.likelihoods import score_file

    require(path.is_file(), "files", "an existing file", path)
    made = score_file(path, pair)
    print(f"{path.name}: score file {made}", file=sys.stderr, flush=True)
    return made
