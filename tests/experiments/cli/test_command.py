"""What every command is: a line in both helps, `--json`, and a handler."""

from __future__ import annotations

import argparse
from types import ModuleType

import pytest

from experiments.cli.command import add_command, add_training, loop_settings, method_settings
from experiments.cli.main import COMMANDS
from mari_theory import ArgumentError
from tests.experiments.cli.call import run


def test_a_command_knows_its_handler_and_prints_json_when_asked() -> None:
    parser = argparse.ArgumentParser()

    def handler(args: argparse.Namespace) -> int:
        return 0

    made = add_command(parser.add_subparsers(), "forget", handler, "one line about it")
    assert made.description == "one line about it" and "one line about it" in parser.format_help()
    assert parser.parse_args(["forget"]).handler is handler and not parser.parse_args(["forget"]).json
    assert parser.parse_args(["forget", "--json"]).json


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.__name__.rsplit(".", 1)[1])
def test_the_file_of_a_command_has_its_name(capsys: pytest.CaptureFixture[str], command: ModuleType) -> None:
    name = command.__name__.rsplit(".", 1)[1]
    status, out, err = run(capsys, name, "--help") if name != "bench" else run(capsys, "--help")
    assert status == 0 and err == "" and name in out and (command.__doc__ or "").startswith(f"`mari {name}`")


def test_settings_of_a_loop_and_a_method_come_from_options() -> None:
    parser = argparse.ArgumentParser()
    add_training(parser, steps=7, lr=0.1)
    args = parser.parse_args(["--batch-retain", "3", "--seed", "2"])
    made = loop_settings(args, steps=args.steps, epochs=None)
    assert (made.steps, made.lr, made.batch_retain, made.seed, made.batch_background) == (7, 0.1, 3, 2, 0)
    with pytest.raises(ArgumentError, match=r"^--max-answer: expected"):
        loop_settings(parser.parse_args(["--max-answer", "0"]), steps=1)
    for bad in ("gamma", "gamma=[1,"):
        with pytest.raises(ArgumentError, match=r"^--set: expected KEY=VALUE"):
            method_settings([bad])
