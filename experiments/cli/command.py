"""What every command is: a file with `add`, which declares its name and arguments, and `run`, which does it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Protocol, TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Handler = Callable[[argparse.Namespace], int]


class Command(Protocol):
    """A module of this folder."""

    def add(self, commands: Commands) -> None:
        """Declare the command and its arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; the exit status: 0 done, 1 a check or a claim failed. Bad input raises `ArgumentError`."""


def add_command(commands: Commands, name: str, run: Handler, text: str) -> argparse.ArgumentParser:
    """A command with `--json`, whose handler is `run`; `text` is its line in both helps."""
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(handler=run)
    command.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    return command
