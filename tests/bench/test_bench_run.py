"""A whole run in small, against a registry of the tests' own; no other registry is needed."""

import time
from collections.abc import Callable
from io import StringIO

import pytest
from bench.errors import ServerFailed, WrongAnswer
from bench.figures import lines_of
from bench.rows import GROUPS, rows_of, small_requests
from bench.run import measure, start
from bench.servers import Server
from bench.stage import Stage
from bench.table import show
from rich.console import Console

Make = Callable[..., Server]


def quiet(_: str) -> None:
    """The run's notes are not looked at."""


def test_every_row_gives_a_figure(stage: Stage, double: Make) -> None:
    running, absent = start([double()], stage, quiet, lists=True)
    assert absent == {}
    assert [server.lengthened for server in running] == [True]
    rows = rows_of(GROUPS, stage, None)
    readings = measure(running, rows, 1, time.monotonic() + 60, quiet)
    assert readings.failures == {}
    assert not readings.cut
    assert {key for key, _ in readings.values} == {row.key for row in rows}
    lines = lines_of(rows, ["distribution"], readings)
    by_key = {line.row.key: line.cells["distribution"] for line in lines}
    for key, cell in by_key.items():
        if key.startswith("rss"):
            assert cell.memory is not None
            assert cell.memory.least > 1 << 20, key
        else:
            assert cell.wall is not None
            assert cell.wall.least > 0, key
    assert sum(cell.cpu.median for cell in by_key.values() if cell.cpu is not None) > 0
    out = StringIO()
    show(Console(file=out, width=200), lines, {"distribution": "double"}, {"zot": "no zot"}, zot_wanted=True)
    text = out.getvalue()
    assert all(row.title in text for row in rows)
    assert "zot: not here: no zot" in text
    assert "≤ 0.1 distribution no figure" in text


def test_uploaded_bytes_are_whole_in_every_way(stage: Stage, double: Make) -> None:
    server = double()
    server.start()
    for way in ("put", "patch", "stream"):
        stage.up(server, 2, way)  # the double answers 400 to a wrong digest and 416 to a wrong range


@pytest.mark.parametrize(
    ("fault", "why"), [("content", "another content"), ("length", "IncompleteRead"), ("status", "was answered 202")]
)
def test_a_server_that_answers_wrongly_is_not_measured(stage: Stage, double: Make, fault: str, why: str) -> None:
    running, absent = start([double(fault)], stage, quiet)
    assert running == []
    assert why in absent["distribution"]


def test_a_cut_body_is_no_figure(stage: Stage, double: Make) -> None:
    server = double("length")
    server.start()
    server.seed(stage.content)
    with pytest.raises(WrongAnswer, match="cut 1 bytes before its end"):
        stage.down(server, 1)


def test_a_wrong_status_is_no_figure(stage: Stage, double: Make) -> None:
    server = double("status")
    server.start()
    server.seed(stage.content)
    rows = [row for row in rows_of(("small",), stage, None) if row.key in ("blob-head", "blob-get")]
    readings = measure([server], rows, 2, time.monotonic() + 60, quiet)
    assert "was answered 202" in readings.failures["blob-head", "distribution"]
    assert ("blob-head", "distribution") not in readings.values
    assert len(readings.values["blob-get", "distribution"]) == 2


def test_what_is_not_there_is_no_figure(stage: Stage, double: Make) -> None:
    server = double()
    server.start()
    with pytest.raises(WrongAnswer, match="was answered 404"):
        stage.small(server, small_requests(stage.content)["blob-get"])


def test_a_server_that_ended_is_no_figure(stage: Stage, double: Make) -> None:
    server = double()
    server.start()
    server.seed(stage.content)
    server.stop()
    with pytest.raises((ServerFailed, OSError)):
        stage.down(server, 1)


def test_no_row_begins_after_the_deadline(stage: Stage, double: Make) -> None:
    readings = measure([double()], rows_of(("small",), stage, None), 5, time.monotonic() - 1, quiet)
    assert readings.values == {}
    assert readings.rounds == 0
    assert readings.cut
