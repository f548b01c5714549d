"""What every command is: a file with `add`, which declares its name and arguments, and `run`, which does it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from experiments.config import LoopSettings

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


FIELDS = ("lr", "batch_retain", "seed", "max_answer")
"""Of `LoopSettings`, under the same names."""


def add_training(command: argparse.ArgumentParser, steps: int | None, lr: float) -> None:
    """Options of every command that trains a model."""
    command.add_argument("--steps", type=int, default=steps)
    command.add_argument("--lr", type=float, default=lr)
    command.add_argument("--batch-retain", type=int, default=8)
    command.add_argument("--max-answer", type=int, default=64, help="answers are cut there (tokens, default 64)")
    command.add_argument("--rank", type=int, default=16, help="LoRA rank; 0 trains all parameters (default 16)")
    command.add_argument("--bf16", action="store_true", help="compute in bfloat16 on float32 weights")
    command.add_argument("--device", default="auto", help="auto (an accelerator where there is one), cpu, cuda, ...")
    command.add_argument("--seed", type=int, default=0)


def add_computing(command: argparse.ArgumentParser, dtype: bool = True) -> None:
    """Options of every command that only runs models."""
    command.add_argument("--device", default="auto", help="auto (an accelerator where there is one), cpu, cuda, ...")
    if dtype:
        command.add_argument("--dtype", default="float32", help="float32 (default), float64, bfloat16 or float16")
    add_batch(command)


def add_batch(command: argparse.ArgumentParser) -> None:
    """How many items are scored at once."""
    command.add_argument("--batch", type=int, help="items scored at once (default 512 or 32, by vocabulary)")


def loop_settings(args: argparse.Namespace, **others: Any) -> LoopSettings:
    """Of the options; errors name them as they are written on the command line."""
    from experiments.config import LoopSettings
    from mari_theory.errors import ArgumentError, require

    require(args.rank >= 0, "--rank", "a number at least 0", args.rank)
    try:
        return LoopSettings(**({"batch_background": 0} | {name: getattr(args, name) for name in FIELDS} | others))
    except ArgumentError as e:
        raise ArgumentError(f"--{e.argument.replace('_', '-')}", e.allowed, e.received) from None


def method_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """Of `--set KEY=VALUE`, values read as YAML; raises `ArgumentError` on anything else.

    >>> method_settings(["gamma=2.0", "per=kind"])
    {'gamma': 2.0, 'per': 'kind'}
    """
    import yaml

    from mari_theory.errors import ArgumentError, require

    options = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        require(bool(sign), "--set", "KEY=VALUE", pair)
        try:
            options[key] = yaml.safe_load(value)
        except yaml.YAMLError as e:
            raise ArgumentError(
                "--set", "KEY=VALUE with a value in YAML", f"{pair} ({str(e).splitlines()[0]})"
            ) from None
    return options
