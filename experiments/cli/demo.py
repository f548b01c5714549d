"""`mari demo`: half a minute with real evidence."""

from __future__ import annotations

import argparse
import webbrowser
from pathlib import Path

from experiments.cli.command import Commands, add_command
from experiments.cli.show import print_json, print_wrapped


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    demo = add_command(commands, "demo", run, "half a minute with real evidence: certify, check, forge, get caught")
    demo.add_argument("--out", type=Path, default=Path("mari-demo"), help="a new folder (default mari-demo)")
    demo.add_argument("--open", action="store_true", help="open the page in a browser")


def run(args: argparse.Namespace) -> int:
    """Certify the packaged evidence, check it, forge it and write a page; 1 when a forgery passes."""
    from experiments.demo.walk import MODELS, demo

    found = demo(args.out)
    page = args.out / "demo.html"
    if args.json:
        print_json(found.data())
    else:
        print_wrapped("SmolLM2-135M was trained on questions about an author, then told to forget them. Can one tell?")
        for name, certificate in found.certificates.items():
            held, lines = found.lines[name]
            print(f"\n{MODELS[name]}")
            print_wrapped(str(certificate), "  ", "  ")
            print(f"  checked: {held} of {lines} lines hold")
        print()
        print_wrapped(f"the unlearned model lies {found.beyond}")
        for forgery in found.forgeries:
            said = f"caught, {len(forgery.failed)} lines fail" if forgery.failed else "NOT caught"
            print_wrapped(f"forged, {forgery.what}: {said}", rest="  ")
        print(f"\npage: {page}\nby hand: mari certify {args.out / 'original.parquet'}")
    if args.open:
        webbrowser.open(page.resolve().as_uri())
    return 0 if found.ok else 1
