"""`entrepot job …` and `entrepot work`, run as they would be."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from entrepot.app import open_house
from entrepot.cli import run
from entrepot.config import Settings
from entrepot.db import job_logs, job_runs, jobs
from entrepot.db.contract import Transaction
from entrepot.db.job_runs import Progress
from entrepot.model.job import JobRequest, JobState, LogLine


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with a job that failed, one that runs, and one that waits."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"

    async def fill() -> None:
        async with open_house(Settings(data=folder)) as house:
            await house.db.write(_fill)

    asyncio.run(fill())
    return folder


def _fill(tx: Transaction) -> None:
    for kind in ("purge-audit-log", "garbage-collection", "garbage-collection"):
        jobs.request(tx, JobRequest(kind=kind, by="tests", parameters={"dry_run": True}))
    failed, running = job_runs.begin(tx, 1, 1, "node"), job_runs.begin(tx, 2, 1, "node")
    assert failed is not None
    assert running is not None
    job_logs.add(tx, 1, [LogLine(1, 0, "info", "looking"), LogLine(2, 1_000_000, "error", "nothing is there")])
    job_runs.end(tx, failed, JobState.FAILED, "nothing is there", None)
    job_runs.tell(tx, 2, running.start, Progress(3, 4, 100))


def test_jobs_are_listed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["job", "list"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(line[0], line[1], line[2], line[5], line[6]) for line in lines] == [
        ("3", "garbage-collection", "pending", "", ""),
        ("2", "garbage-collection", "running", "3/4", ""),
        ("1", "purge-audit-log", "failed", "", "nothing is there"),
    ]
    assert run(["job", "list", "--state", "running", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["id"], told["done"], told["total"], told["bytes"]) == (2, 3, 4, 100)
    assert run(["job", "list", "--kind", "purge-audit-log", "--limit", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_job_is_shown_and_read(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["job", "show", "1", "--follow"]) == 1
    shown = capsys.readouterr().out
    assert "nothing is there" in shown
    assert "purge-audit-log" in shown
    assert run(["job", "show", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == {"dry_run": True}
    assert run(["job", "log", "1", "--follow"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1970-01-01 00:00:00  INFO    looking",
        "1970-01-01 00:00:01  ERROR   nothing is there",
    ]
    assert run(["job", "show", "9"]) == 1
    assert "there is no job 9" in capsys.readouterr().err


def test_a_job_is_stopped(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["job", "cancel", "3"]) == 0
    assert run(["job", "cancel", "3"]) == 0
    assert "had ended before" in capsys.readouterr().err
    assert run(["job", "show", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "stopped"


def test_a_worker_of_its_own_does_what_waits_and_stops_when_told(data: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "entrepot", "work", "--data", str(data)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as worker:
        assert worker.stderr is not None
        try:
            assert worker.stderr.readline() == b"Jobs are done here; Ctrl-C stops that.\n"
            assert run(["job", "show", "3", "--follow", "--data", str(data)]) == 0
            worker.send_signal(signal.SIGINT)
            assert worker.wait(20) == 0
        finally:
            worker.kill()


def test_a_scrub_is_asked_for_and_done_by_a_worker(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["job", "start", "scrub"]) == 0
    number = capsys.readouterr().out.strip()
    assert run(["job", "start", "scrub"]) == 1
    assert f"job {number} does this already" in capsys.readouterr().err
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-m", "entrepot", "work"], env=environment) as worker:
        try:
            assert run(["job", "show", number, "--follow"]) == 0
        finally:
            worker.kill()
    assert "succeeded" in capsys.readouterr().out
    assert run(["job", "log", number]) == 0
    assert "reading 0 blobs again" in capsys.readouterr().out
