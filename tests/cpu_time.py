"""CPU seconds of a whole run of the fast tests, all processes together, written down for `python -m tests.budget`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

import pytest

from tests.type_checks import EVERY_CALL

RECORD = Path(".cache/test-cpu.json")
FAST = "not long"


def cpu_seconds(*whose: int) -> float:
    """User and system time of this process (`RUSAGE_SELF`) and of the children it has waited for (`RUSAGE_CHILDREN`)."""
    usages = [getrusage(who) for who in whose]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def is_whole(config: pytest.Config) -> bool:
    """Whether this is what `make test` runs: the fast tests, all of them."""
    option = config.option
    failed_only = config.getoption("lf", False)
    narrowed = (option.keyword, option.deselect, option.ignore, option.ignore_glob, option.collectonly, failed_only)
    every_call = os.environ.get(EVERY_CALL)
    everywhere = config.args_source is pytest.Config.ArgsSource.TESTPATHS and option.markexpr == FAST
    return everywhere and not any(narrowed) and not every_call


class CpuTime:
    """The plugin: adds up the workers of pytest-xdist, each by its last message, and the process that leads them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.workers: list[float] = []

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        message: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if message is not None:
            message["cpu_seconds"] = cpu_seconds(RUSAGE_SELF, RUSAGE_CHILDREN)
        elif exitstatus == 0 and is_whole(session.config):
            # Workers are children too; their time is in their messages already.
            own = cpu_seconds(RUSAGE_SELF) if self.workers else cpu_seconds(RUSAGE_SELF, RUSAGE_CHILDREN)
            path = self.root / RECORD
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps({"cpu_seconds": round(own + sum(self.workers), 1)}) + "\n", encoding="utf-8")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of pytest-xdist has ended; one that died has sent no message."""
        message: dict[str, float] = getattr(node, "workeroutput", {})
        self.workers.append(message.get("cpu_seconds", 0.0))
