"""Several models side by side: processes with one thread each, which share two cores better than two threads of one do."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import torch

COUNT = 2
"""Processes of a study; an audit's are the `workers` of its configuration."""


def one_thread_processes(count: int = COUNT) -> ProcessPoolExecutor:
    """So many fresh processes (no fork of a process with threads)."""
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), torch.set_num_threads, (1,))
