"""Processes that are forked from one which has imported what they need, which else would take each most of a second."""

import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerProcess

import pytest

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["dying", "sharing"])


def start(process: ForkServerProcess) -> None:
    """Starts it."""
    # Python 3.11 has the process that is forked from import by its environment alone, and say nothing if that fails.
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        process.start()
