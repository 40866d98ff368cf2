"""Medians, ratios, goals, and the exit status they lead to."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bench.__main__ import MET, UNMET, WRONG, _status
from bench.cpu import Memory, PeakMemory, cpu_seconds, memory
from bench.errors import ServerFailed
from bench.figures import Line, lines_of
from bench.goals import Goal
from bench.known import ratios
from bench.options import parse
from bench.rows import Row
from bench.run import Readings
from bench.servers import Server
from bench.stage import Reading
from bench.tokens import Issuer, libtrust_name
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

DISTRIBUTION, BEST, NGINX = Goal(0.5, "distribution"), Goal(0.7), Goal(1.1, "nginx")
WALL, MEMORY = Goal(0.8, what="wall"), Goal(100, "MB a process", "memory")


def row(*goals: Goal) -> Row:
    def never(_: Server) -> Reading:
        raise AssertionError("figures measure nothing")

    return Row(key="row", group="small", title="a row", measure=never, goals=goals)


def lines(costs: dict[str, list[float]], *goals: Goal) -> list[Line]:
    readings = Readings(
        values={("row", server): [Reading(cpu=cpu, wall=1 / cpu) for cpu in taken] for server, taken in costs.items()}
    )
    return lines_of([row(*goals or (DISTRIBUTION,))], list(costs), readings)


def test_the_ratio_is_of_the_medians() -> None:
    (line,) = lines({"entrepot": [9, 1, 2], "distribution": [8, 4, 1], "zot": [3], "nginx": [0.1]})
    assert line.ratio == 0.5
    assert line.met == {DISTRIBUTION: True}
    assert line.best == "zot"
    assert line.best_ratio == pytest.approx(2 / 3)
    assert line.wall_ratio == 2, "of distribution, which took the least time"


def test_a_goal_is_unmet_above_it_and_unjudged_without_figures() -> None:
    assert lines({"entrepot": [2.1], "distribution": [4]})[0].met == {DISTRIBUTION: False}
    assert lines({"distribution": [4]})[0].met == {DISTRIBUTION: None}
    assert lines({"entrepot": [1], "distribution": [0.0001]}, BEST, NGINX)[0].met == {BEST: False, NGINX: None}
    assert not any(line.unmet for line in lines_of([row()], [], Readings()))


def test_each_goal_is_held_to_its_own_yardstick() -> None:
    (line,) = lines({"entrepot": [2], "distribution": [4], "zot": [3], "nginx": [1.9]}, DISTRIBUTION, BEST, NGINX, WALL)
    assert line.met == {DISTRIBUTION: True, BEST: True, NGINX: True, WALL: False}
    assert line.unmet
    readings = [Reading(cpu=0, wall=0, memory=Memory(total=300_000_000, largest=size)) for size in (1, 100_000_001)]
    for taken, met in ((readings, False), (readings[:1], True)):
        (line,) = lines_of([row(MEMORY)], ["entrepot"], Readings(values={("row", "entrepot"): taken}))
        assert line.met == {MEMORY: met}


def test_the_exit_status() -> None:
    met = lines({"entrepot": [1], "distribution": [4]})
    unmet = lines({"entrepot": [4], "distribution": [4]})
    absent = lines({"distribution": [4]})
    assert _status(met, wrong=False, check=True) == MET
    assert _status(unmet, wrong=False, check=True) == UNMET
    assert _status(absent, wrong=False, check=True) == UNMET
    assert _status(unmet, wrong=False, check=False) == MET
    assert _status(met, wrong=True, check=False) == WRONG


def with_a_child(program: str, then: str = "") -> str:
    """A program that has another run this one, then does the rest, is ready, and ends with it at a line of input."""
    return (
        f"child = subprocess.Popen([sys.executable, '-c', {program + 'print(1, flush=True); input()'!r}],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        f"{then}"
        "print('ready', flush=True)\n"
        "input()\n"
        "child.communicate(b'\\n')\n"
    )


@contextmanager
def started(tree: str) -> Iterator[int]:
    """The id of a process that runs this program and is ready, until it is left."""
    program = [sys.executable, "-c", "import socket, subprocess, sys\n" + tree]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.communicate(b"\n")


def test_cpu_counts_children_that_live_and_children_that_ended() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass\n"
    tree = f"subprocess.run([sys.executable, '-c', {burn!r}])\n" + with_a_child(burn)
    with started(tree) as pid:
        assert 0.55 < cpu_seconds(pid) < 2
        seen = memory(pid)
        assert seen.total > 1 << 20
        assert seen.largest == 0  # Nobody takes connections.
    with pytest.raises(ServerFailed):
        cpu_seconds(pid)


def test_the_largest_process_is_one_that_takes_connections() -> None:
    tree = with_a_child("kept = bytearray(64 << 20)\n", then="taking = socket.create_server(('127.0.0.1', 0))\n")
    with started(tree) as pid:
        seen = memory(pid)
        assert 1 << 20 < seen.largest < 64 << 20 < seen.total
        with PeakMemory(pid) as watched:
            pass
        assert 1 << 20 < watched.peak.largest < 64 << 20 < watched.peak.total


def test_tokens_are_signed_for_what_was_asked(issuer: Issuer) -> None:
    certificate = x509.load_pem_x509_certificate(issuer.certificate.read_bytes())
    public = certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    key = RSAKey.import_key(public)
    text = issuer.token("here", ["repository:library/bench:pull,push"], "libtrust")
    token = jwt.decode(text, key, algorithms=["RS256"])
    assert token.header["kid"] == libtrust_name(public)
    assert token.claims["aud"] == "here"
    assert token.claims["access"] == [{"type": "repository", "name": "library/bench", "actions": ["pull", "push"]}]


def test_options_refuse_what_makes_no_sense(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse(["--rows", "up,small"]).rows == ("small", "up")
    for wrong in (["--rows", "sideways"], ["--rounds", "0"], ["--servers", "apache"], ["--workers", "0"]):
        with pytest.raises(SystemExit):
            parse(wrong)
    assert "'sideways' is none of small, lists, down, up, image, rss" in capsys.readouterr().err


def test_known_ratios_are_of_distribution() -> None:
    assert ratios()["1 GiB up (zot with fsync)"] == pytest.approx(2.10 / 1.90)
