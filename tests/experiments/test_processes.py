"""Processes of a study: fresh, and with one thread each."""

from __future__ import annotations

import os

import torch

from experiments.processes import one_thread_processes


def test_a_process_has_one_thread_and_is_another() -> None:
    before = torch.get_num_threads()
    with one_thread_processes(1) as workers:
        assert workers.submit(torch.get_num_threads).result() == 1
        assert workers.submit(os.getpid).result() != os.getpid()
    assert torch.get_num_threads() == before
