"""The parent and its workers, as processes."""

import os
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest
from running_server import PLAIN, Start, alive, wait_for


def test_every_worker_answers_on_one_port(start: Start) -> None:
    server = start(workers=3)
    pids = server.pids(3)
    assert len(pids) == 3
    assert server.process.pid not in pids


def test_the_parent_has_one_thread_and_so_may_fork(start: Start) -> None:
    server = start()
    assert len(list(Path(f"/proc/{server.process.pid}/task").iterdir())) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_running_answer_is_finished_before_the_stop(start: Start, number: int, workers: int) -> None:
    server = start(workers=workers)
    pids = server.pids(workers)
    with httpx.stream("GET", server.url + "/slow", timeout=10, verify=PLAIN) as response:
        pieces = response.iter_bytes()
        size = len(next(pieces))
        server.process.send_signal(number)
        time.sleep(0.3)
        with pytest.raises(httpx.ConnectError):
            server.get("/x")
        size += sum(len(piece) for piece in pieces)
    assert size == 10_000
    assert server.wait() == 0
    assert server.lines[-1] == "ended\n"
    assert not any(alive(pid) for pid in pids)
    assert len((server.folder / "stopped").read_text().split()) == workers


def test_a_key_pressed_in_the_terminal_reaches_the_whole_group_and_stops_it_orderly(start: Start) -> None:
    server = start()
    with httpx.stream("GET", server.url + "/slow", timeout=10, verify=PLAIN) as response:
        pieces = response.iter_bytes()
        size = len(next(pieces))
        os.killpg(server.process.pid, signal.SIGINT)
        size += sum(len(piece) for piece in pieces)
    assert size == 10_000
    assert server.wait() == 0


def test_an_answer_that_takes_too_long_is_cut_off(start: Start) -> None:
    server = start(stop_seconds=0.3)
    with httpx.stream("GET", server.url + "/slow", timeout=10, verify=PLAIN) as response:
        pieces = response.iter_bytes()
        next(pieces)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            list(pieces)
    assert server.wait() == 0
    assert time.monotonic() - began < 1.5


def test_a_second_signal_ends_it_at_once(start: Start) -> None:
    server = start(stop_seconds=30)
    pids = server.pids(2)
    with httpx.stream("GET", server.url + "/slow", timeout=10, verify=PLAIN) as response:
        pieces = response.iter_bytes()
        next(pieces)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 0
        assert time.monotonic() - began < 1
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            list(pieces)
    assert not any(alive(pid) for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_ends_is_replaced_while_the_others_serve(start: Start, number: int) -> None:
    server = start()
    before = server.pids(2)
    victim = before.pop()
    failures = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                server.get("/x")
            except httpx.HTTPError as error:
                failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        os.kill(victim, number)
        assert wait_for(lambda: victim not in server.pids(2) and len(server.pids(2)) == 2)
    finally:  # Otherwise it would go on asking, and keep every refusal, beside all tests that follow.
        done.set()
        asking.join()
    # A request that the killed worker had taken already is lost; none is refused, and none waits for the new one.
    assert len(failures) <= 1
    assert server.stop() == 0
    assert any('"a worker ended and is replaced"' in line for line in server.lines)


def test_a_worker_that_keeps_dying_is_started_more_and_more_slowly(start: Start) -> None:
    server = start(workers=1)
    for _ in range(3):
        os.kill(int(server.get("/x").text), signal.SIGKILL)
        assert wait_for(lambda: server.process.poll() is None and _answers(server.url))
    server.stop()
    pauses = [line.split('"after_seconds":')[1].split(",")[0] for line in server.lines if "after_seconds" in line]
    assert pauses == ["0.1", "0.2", "0.4"]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url + "/x", timeout=0.5, verify=PLAIN).status_code == 200
    except httpx.HTTPError:
        return False


def test_workers_end_orderly_when_their_parent_is_killed(start: Start) -> None:
    server = start()
    pids = server.pids(2)
    server.process.kill()
    server.process.wait()
    assert wait_for(lambda: not any(alive(pid) for pid in pids))
    assert len((server.folder / "stopped").read_text().split()) == 2


def test_background_work_runs_in_one_worker_and_goes_on_in_its_replacement(start: Start) -> None:
    server = start(workers=3)
    tasks = server.folder / "tasks"
    assert wait_for(tasks.exists)
    word, number, pid = tasks.read_text().split()
    assert (word, number) == ("begin", "0")
    os.kill(int(pid), signal.SIGKILL)
    assert wait_for(lambda: len(tasks.read_text().splitlines()) == 2)
    assert server.stop() == 0
    begun, again, ended = [line.split() for line in tasks.read_text().splitlines()]
    assert begun[2] != again[2]
    assert ended == ["end", "0", again[2]]


def test_a_service_that_cannot_start_is_told_in_its_own_words(start: Start, tmp_path: Path) -> None:
    (tmp_path / "refuse").touch()
    server = start()
    assert server.wait() == 1
    assert server.errors == "start failed: the database is at lunch\n"


def test_work_beside_requests_has_a_process_of_its_own_that_is_replaced_and_ends_with_the_rest(start: Start) -> None:
    server = start("beside=1", workers=1)
    told = server.folder / "beside"
    assert wait_for(told.exists)
    assert wait_for(lambda: told.read_text().count("begin") == 1)
    first = int(told.read_text().split()[1])
    assert first not in server.pids(1)
    os.kill(first, signal.SIGKILL)
    assert wait_for(lambda: told.read_text().count("begin") == 2)
    second = int(told.read_text().split()[3])
    assert server.get("/x").status_code == 200
    assert server.stop() == 0
    assert told.read_text().splitlines()[-1] == f"end {second}"
    assert not alive(second)
