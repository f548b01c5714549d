"""`mari compare`: two models seen through an API, from prompts and answers alone."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.cli.command import Commands, add_command
from experiments.cli.show import print_json, print_wrapped
from mari_theory.errors import require, require_fraction
from mari_theory.rounding import span, up_to

if TYPE_CHECKING:
    from estimators.answer_categories import CategoryResult
    from estimators.answers import Answers

SHOWN = 10
"""Prompts that are printed; `--json` has all."""


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    compare = add_command(
        commands, "compare", run, "do two APIs answer the same prompts alike? tests from prompts and answers alone"
    )
    compare.add_argument("p", type=Path, metavar="P.jsonl", help="prompt and answer a line, as from the model before")
    compare.add_argument("q", type=Path, metavar="Q.jsonl", help="the same prompts, answers of the other model")
    compare.add_argument("--level", type=float, default=0.05, help="for the list of prompts (default 0.05)")
    compare.add_argument("--permutations", type=int, default=999, help="relabellings within prompts (default 999)")
    compare.add_argument("--seed", type=int, default=0)
    compare.add_argument(
        "--tokens", choices=("characters", "words"), default="characters", help="what an answer is read as"
    )
    compare.add_argument(
        "--category",
        action="append",
        default=[],
        metavar="NAME=REGEX",
        help="certify the divergence of declared categories, the first that matches; what none matches is other",
    )
    compare.add_argument("--categories", metavar="A,B,C", help="instead: all values that the column category can have")
    compare.add_argument("--confidence", type=float, default=0.95, help="of the certified interval (default 0.95)")
    compare.add_argument(
        "--pair",
        choices=("oracle", "shift"),
        default="shift",
        help="retrained against unlearned, or before against after",
    )
    compare.add_argument("--margin", type=float, default=0.01, help="of the certificate, nats (default 0.01)")
    compare.add_argument(
        "--out", type=Path, help="certificate (JSON) of the categories; its evidence as .npz beside it"
    )


def run(args: argparse.Namespace) -> int:
    """Print both p-values, the prompts that differ and the certified interval."""
    from estimators.answer_betting import AnswerBetting
    from estimators.answers import read_answers
    from estimators.prompted_test import PromptedTest

    test = PromptedTest(args.permutations, args.seed)
    require_fraction("confidence", args.confidence)
    answers = read_answers(args.p, args.q, args.tokens)
    result, prompts = test.test(answers), test.locate(answers, args.level)
    betting = AnswerBetting().run(answers)
    named = [x for x in prompts if x.adjusted <= args.level]
    certified = _categories(args, answers)
    if args.json:
        path = betting.capital
        anytime = {"e_value": betting.e_value, "largest": path.max(), "p_value": betting.p_value, "pairs": path.size}
        out: dict[str, Any] = {
            "test": {**asdict(result), "permutations": args.permutations, "seed": args.seed},
            "anytime": {**anytime, "stopped_at": betting.stopped(args.level)},
            "prompts": [asdict(x) for x in prompts],
            "named": [x.prompt for x in named],
            "level": args.level,
            "categories": None if certified is None else {**asdict(certified.jsd), "counts": certified.counts},
            "certificate": str(args.out) if args.out else None,
        }
        print_json(out)
        return 0
    print_wrapped(f"{len(answers.prompts)} prompts, {' and '.join(map(str, answers.counts.sum(axis=0)))} answers")
    print_wrapped(str(result), "  ", "    ")
    print_wrapped(f"betting: {betting}", "  ", "    ")
    print_wrapped(f"prompts that differ, all right at once at level {args.level:g} (Holm): {len(named)}", "  ", "    ")
    for x in named[:SHOWN]:
        print_wrapped(
            f"{x.prompt[:200]!r}: adjusted p = {up_to(x.adjusted)}, {x.n} and {x.m} answers", "    ", "      "
        )
    if len(named) > SHOWN:
        print(f"    and {len(named) - SHOWN} more (--json)")
    if certified is not None:
        _show(certified, args)
    return 0


def _categories(args: argparse.Namespace, answers: Answers) -> CategoryResult | None:
    """The certified channel, where one is declared; its files are written where `--out` says, both or none."""
    from estimators.answer_categories import Categories, certify_categories
    from estimators.certify import certify_files
    from mari_theory.certificates.files import write_pool

    declared = bool(args.category) + (args.categories is not None)
    require(declared <= 1, "--category", "no --categories beside it", args.categories)
    require(declared or args.out is None, "--out", "--category or --categories, which it certifies", args.out)
    if not declared:
        return None
    listed = None if args.categories is None else [x.strip() for x in args.categories.split(",")]
    channel = Categories.matching(args.category) if listed is None else Categories.listed(listed)
    result = certify_categories(answers, channel, args.confidence, args.seed)
    if args.out:
        evidence = args.out.with_suffix(".npz")
        require(evidence != args.out, "--out", "a name that ends in .json", args.out)
        require(not evidence.exists(), "--out", "a name whose .npz is not there yet", evidence)
        write_pool(evidence, result.pool(args.pair))
        try:
            certify_files([evidence], confidence=args.confidence, margin=args.margin).save(args.out)
        except BaseException:
            evidence.unlink(missing_ok=True)
            raise
    return result


def _show(certified: CategoryResult, args: argparse.Namespace) -> None:
    interval = certified.jsd.interval
    print_wrapped(
        f"categories: Jensen-Shannon divergence in [{span(interval.lower, interval.upper, 4, ', ')}] nats at confidence "
        f"{interval.confidence:g} ({interval.theorem}), mean over prompts, from {certified.counts[0, 0].sum()} answers to each and arm",
        "  ",
        "    ",
    )
    shares = certified.counts.sum(axis=1) / certified.counts[0].sum()
    for name, p, q in zip(certified.categories.names, *shares, strict=True):
        print(f"    {name}: {100 * p:.1f} % and {100 * q:.1f} %")
    if args.out:
        print_wrapped(f"written to {args.out}; next: mari check {args.out}", "  ", "    ")
