"""`mari study`: measure a study and draw its page."""

from __future__ import annotations

import argparse
from pathlib import Path

from experiments.cli.command import Commands
from experiments.cli.show import print_json
from experiments.studies import STUDY_QUESTIONS, load_study
from mari_theory.errors import require


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    text = "a question about unlearning: measure it and draw its page; without a name, list them"
    declare(commands.add_parser("study", help=text, description=text))


def declare(study: argparse.ArgumentParser) -> None:
    """The arguments, on a parser of any name."""
    study.set_defaults(handler=run)
    study.add_argument("name", nargs="?", help=", ".join(STUDY_QUESTIONS))
    study.add_argument("--out", type=Path, help="folder of data.json, page.md and figures (default runs/studies/NAME)")
    study.add_argument("--run", type=Path, help="folder that keeps trained models (default OUT/run)")
    study.add_argument("--section", action="append", default=[], help="only this part (repeatable); the others stay")
    study.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="an option of the study")
    study.add_argument("--quick", action="store_true", help="few steps and draws, to see that it runs")
    study.add_argument("--page", action="store_true", help="draw the page again from data.json, measure nothing")
    study.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def run(args: argparse.Namespace) -> int:
    """List the studies, or measure and draw one."""
    if args.name is None:
        if args.json:
            print_json({"studies": STUDY_QUESTIONS})
        else:
            width = max(map(len, STUDY_QUESTIONS))
            print("\n".join(f"{name:<{width}}  {question}" for name, question in STUDY_QUESTIONS.items()))
        return 0
    study = load_study(args.name)
    from experiments.studies.base import write_page
    from experiments.studies.data import Data

    out = args.out or Path("runs/studies") / study.name
    require(not out.exists() or out.is_dir(), "--out", "a folder", out)
    settings = study.settings(args.run or out / "run", args.section, args.quick, _pairs(args.set))
    data = Data(out / "data.json", study.name, _command(args), args.quick)
    if args.page:
        require(bool(data.sections), "--page", "a folder with data.json of an earlier run", out)
    else:
        data.refuse_quick_over_measured(settings.sections)
        study.measure(settings, data)
        require(bool(data.sections), "--section", "a section whose audit or models are there", args.name)
    page, *figures = write_page(study, data, out / "page.md")
    if args.json:
        paths = {"data": str(data.path), "page": str(page), "figures": [str(f) for f in figures]}
        print_json({"study": study.name, **paths, "sections": list(data.sections)})
    else:
        print(f"page: {page}   data: {data.path}" + "".join(f"   figure: {f}" for f in figures))
    return 0


def _pairs(texts: list[str]) -> dict[str, str]:
    for pair in texts:
        require("=" in pair, "--set", "KEY=VALUE", pair)
    return dict(pair.split("=", 1) for pair in texts)


def _command(args: argparse.Namespace) -> str:
    """The command as the page's last line gives it; folders are left out."""
    words = ["mari study", args.name, *(f"--section {s}" for s in args.section)]
    options = [f"--set {pair}" for pair in args.set if "/" not in pair]
    return " ".join([*words, *options, *(["--quick"] if args.quick else [])])
