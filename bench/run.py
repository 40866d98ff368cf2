"""A run: the servers side by side, the rounds interleaved, what was read and what went wrong."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.errors import BenchError, ServerFailed
from bench.rows import Row, small_requests
from bench.servers import Server
from bench.stage import Reading, Stage

Say = Callable[[str], None]


@dataclass
class Readings:
    """What a run has gathered.

    values:   by row and server, one reading for each round
    failures: by row and server, why there is no figure
    rounds:   how many rounds were begun
    cut:      the time was over before all rounds were done
    """

    values: dict[tuple[str, str], list[Reading]] = field(default_factory=dict)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    rounds: int = 0
    cut: bool = False


def start(servers: list[Server], stage: Stage, say: Say, *, lists: bool = False) -> tuple[list[Server], dict[str, str]]:
    """The servers that run, filled and warm; and for each other one the reason, by its key. With `lists`, long ones.

    The servers that run are the caller's to stop, also when this raises.
    """
    running: list[Server] = []
    absent: dict[str, str] = {}
    for server in servers:
        say(f"starting and filling {server.key}")
        try:
            server.start()
            server.seed(stage.content)
            if lists and "lists" in server.offers:
                server.lengthen()
            stage.prove(server)
            for requests in small_requests(stage.content).values():
                stage.warm(server, requests)
        except (BenchError, OSError) as error:
            server.stop()
            absent[server.key] = str(error)
        else:
            running.append(server)
    return running, absent


def measure(servers: list[Server], rows: list[Row], rounds: int, deadline: float, say: Say) -> Readings:
    """The readings of all rounds: each row on one server after another, another one first in each round.

    A row that failed on a server is not tried there again and keeps no figure. After `deadline` (time.monotonic) no
    further row is begun.
    """
    readings = Readings()
    for turn in range(rounds):
        order = servers[turn % len(servers) :] + servers[: turn % len(servers)]
        for row in rows:
            if time.monotonic() > deadline:
                say("the time is over")
                readings.cut = True
                return readings
            readings.rounds = turn + 1
            taken = [f"{server.key} {_measure_one(server, row, readings)}" for server in order if _applies(row, server)]
            say(f"round {turn + 1} of {rounds}: {row.key}: {', '.join(taken)}")
    return readings


def _applies(row: Row, server: Server) -> bool:
    return row.needs is None or row.needs in server.offers


def _measure_one(server: Server, row: Row, readings: Readings) -> str:
    place = (row.key, server.key)
    if place in readings.failures:
        return "failed"
    try:
        reading = row.measure(server)
    except (BenchError, OSError) as error:
        readings.failures[place] = str(error) if not isinstance(error, ServerFailed) else f"the server ended: {error}"
        readings.values.pop(place, None)
        return "FAILED"
    readings.values.setdefault(place, []).append(reading)
    return f"{reading.memory.total >> 20} MiB" if reading.memory else f"{reading.cpu:.2f}"
