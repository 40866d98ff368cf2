"""What is logged, and what never is."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from running_server import PLAIN, Start

from entrepot.server.exchange import Exchange
from entrepot.server.logs import RequestLog

SOURCE = Path(__file__).parents[2] / "src"


def _requests(lines: list[str]) -> list[dict[str, object]]:
    parsed = [json.loads(line) for line in lines if line.startswith("{")]
    return [line for line in parsed if line["event"] == "request"]


def test_a_request_is_one_line_without_secrets(start: Start) -> None:
    server = start(workers=1)
    httpx.put(
        server.url + "/v2/library/x/manifests/y?_state=s3cret",
        content=b"abc",
        headers={"authorization": "Bearer s3cret", "cookie": "s3cret", "x-request-id": "mine.1", "user-agent": "me/1"},
        verify=PLAIN,
    )
    server.get("/livez")
    server.stop()
    (line,) = _requests(server.lines)
    assert line.pop("time")
    assert isinstance(line.pop("ms"), float)
    sent = line.pop("sent")
    assert isinstance(sent, int)
    assert sent > 0
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": "mine.1",
        "method": "PUT",
        "path": "/v2/library/x/manifests/y",
        "status": 200,
        "received": 3,
        "principal": "someone",
        "client": "127.0.0.1",
        "user_agent": "me/1",
    }
    assert not any("s3cret" in line for line in server.lines)


@pytest.mark.parametrize("given", ["short", "A-b_c.9", "x" * 64])
def test_a_sane_request_id_is_kept(start: Start, given: str) -> None:
    server = start(workers=1)
    answer = httpx.get(server.url + "/x", headers={"x-request-id": given}, verify=PLAIN)
    assert answer.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "a\tb", "é"])
def test_another_request_id_is_replaced(start: Start, given: str) -> None:
    server = start(workers=1)
    answer = httpx.get(server.url + "/x", headers={"x-request-id": given.encode()}, verify=PLAIN)
    made = answer.headers["x-request-id"]
    assert made != given
    assert len(made) == 16
    assert server.get("/x").headers["x-request-id"] != made


def test_a_failed_request_is_logged_with_its_id_and_answered_with_it(start: Start) -> None:
    server = start(workers=1)
    answer = server.get("/fail")
    assert answer.status_code == 500
    request_id = answer.headers["x-request-id"]
    assert request_id in answer.json()["errors"][0]["message"]
    assert "RuntimeError" not in answer.text
    server.stop()
    failed = [json.loads(line) for line in server.lines if '"a request failed"' in line]
    assert [line["request_id"] for line in failed] == [request_id]
    assert "RuntimeError: as asked" in failed[0]["exception"]
    assert [line["status"] for line in _requests(server.lines)] == [500]


def test_an_answer_that_was_not_finished_is_marked(start: Start) -> None:
    server = start(workers=1, stop_seconds=0.2)
    with httpx.stream("GET", server.url + "/slow", verify=PLAIN) as response:
        next(response.iter_bytes())
        server.process.terminate()
        server.wait()
    (line,) = _requests(server.lines)
    assert line["aborted"] is True


def test_a_path_cannot_forge_a_line_on_a_terminal(tmp_path: Path) -> None:
    file = tmp_path / "log"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)

    async def nothing() -> dict[str, object]:
        return {}

    async def ignore(_message: object) -> None:
        return

    scope = {"path": "/a\n12:00:00 200 GET /\x1b[2J", "method": "GET", "headers": [], "state": {}}
    exchange = Exchange(scope, nothing, ignore)
    RequestLog(descriptor, as_json=False).ended(exchange)
    RequestLog(descriptor, as_json=True).ended(exchange)
    os.close(descriptor)
    readable, as_json = file.read_text().splitlines()
    assert readable.isprintable()
    assert json.loads(as_json)["path"] == scope["path"]


def test_a_log_that_nobody_reads_does_not_fail_requests(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    async def nothing() -> dict[str, object]:
        return {}

    async def ignore(_message: object) -> None:
        return

    scope = {"path": "/", "method": "GET", "headers": [], "state": {}}
    RequestLog(writing, as_json=True).ended(Exchange(scope, nothing, ignore))
    os.close(writing)


PROGRAM = """
import logging, structlog, sys
from entrepot.server.logs import configure
configure(sys.argv[1], sys.argv[2])
log = structlog.get_logger("x")
log.debug("unseen")
log.info("seen", password="s3cret", admin_token="s3cret", Authorization="s3cret", size=3)
logging.getLogger("library").info("unseen")
logging.getLogger("library").warning("heard %s", "this")
secret_variable = "s3" + "cret"
try:
    raise ValueError("broken")
except ValueError:
    log.exception("failed")
"""


def _log(log_format: str, level: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, log_format, level],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert ran.stderr == ""
    assert "s3cret" not in ran.stdout
    assert "unseen" not in ran.stdout
    return ran.stdout.splitlines()


@pytest.mark.parametrize("log_format", ["json", "auto"])
def test_json_lines(log_format: str) -> None:
    seen, heard, failed = map(json.loads, _log(log_format, "info"))
    assert (seen["event"], seen["level"], seen["size"], seen["password"]) == ("seen", "info", 3, "********")
    assert (heard["event"], heard["level"], heard["logger"]) == ("heard this", "warning", "library")
    assert failed["exception"].endswith("ValueError: broken")


def test_console_lines() -> None:
    lines = _log("console", "info")
    assert "seen" in lines[0]
    assert "heard this" in lines[1]
    assert lines[-1] == "ValueError: broken"


def test_the_level_is_obeyed() -> None:
    assert not any('"seen"' in line for line in _log("json", "error"))
    assert logging.getLevelNamesMapping()["ERROR"] > logging.WARNING
