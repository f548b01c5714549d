"""`mari presets`: what there is to start from, and one of them as YAML."""

from __future__ import annotations

import argparse

from experiments.cli.command import Commands, add_command
from experiments.cli.show import print_json, print_wrapped


def add(commands: Commands) -> None:
    """Declare the command and its arguments."""
    presets = add_command(commands, "presets", run, "the presets of `mari audit`, or one of them as YAML")
    presets.add_argument("name", nargs="?", help="print this one, whole: a file to change and to give to --config")


def run(args: argparse.Namespace) -> int:
    """Print each preset's name and what it is, or the configuration of one."""
    from experiments.config import load_config
    from experiments.presets import preset_names, preset_note

    if args.name is not None:
        config = load_config(args.name)
        if args.json:
            print_json(config.model_dump(mode="json"))
        else:
            print(config.dump(), end="")
        return 0
    notes = {name: preset_note(name) for name in preset_names()}
    if args.json:
        print_json(notes)
    else:
        for name, note in notes.items():
            print(name)
            print_wrapped(note, "    ", "    ")
    return 0
