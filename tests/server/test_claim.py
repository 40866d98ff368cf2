"""One server for each data folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from entrepot.server.claim import AlreadyRunning, claim


def test_a_second_server_is_told_who_is_there(tmp_path: Path) -> None:
    sentence = f"{tmp_path} is in use by a server that runs already (process {os.getpid()})"
    with claim(tmp_path), pytest.raises(AlreadyRunning, match=re.escape(sentence)), claim(tmp_path):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with claim(tmp_path):
            pass


def test_the_folder_is_free_when_the_server_was_killed(tmp_path: Path) -> None:
    program = "import sys, os; from pathlib import Path; from entrepot.server.claim import claim\n"
    program += "with claim(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning), claim(tmp_path):
            pass
        holder.kill()
        holder.wait()
    with claim(tmp_path):
        pass
