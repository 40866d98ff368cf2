"""`python -m bench.tls`: what encryption costs: none, Entrepot's own, and nginx in front, as docs/operations.md has it.

CPU of the server, nginx included. One process of each.
"""

import argparse
import http.client
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.binaries import Binaries
from bench.content import MANIFEST_TYPE, MIB, REPOSITORY, Content, digest_of
from bench.cpu import cpu_seconds
from bench.entrepot import Entrepot
from bench.load import ROOT
from bench.servers import Command
from bench.stage import touch_memory
from bench.tokens import Issuer

GIB = 1 << 30
BLOB = 64 * MIB
THREADS = 8
WAYS = ("plain", "own TLS", "nginx in front")
FRONT = """daemon off;
{user}
worker_processes 1;
pid {home}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000;
{folders}
  upstream entrepot {{ server 127.0.0.1:{behind}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_conf_command Options KTLS;
    client_max_body_size 0;
    location / {{
      proxy_pass http://entrepot;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
}}
"""


class Encrypted(Entrepot):
    """Entrepot that ends TLS itself."""

    def command(self) -> Command:
        """As usual, with a certificate of its own making."""
        usual = super().command()
        return Command(arguments=[*usual.arguments, "--tls-self-signed"], environment=usual.environment)

    def _answers(self) -> bool:
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=ssl._create_unverified_context())
        try:
            connection.request("GET", "/v2/")
            return connection.getresponse().status < 500
        except OSError:
            return False
        finally:
            connection.close()


class Client:
    """Asks over TLS or without, from threads."""

    def __init__(self, port: int, token: str, *, tls: bool) -> None:
        self._port = port
        self._headers = {"Authorization": token, "Accept": MANIFEST_TYPE, "Host": f"127.0.0.1:{port}"}
        self._context = ssl._create_unverified_context() if tls else None

    def connect(self) -> http.client.HTTPConnection:
        """A connection of its own."""
        if self._context is None:
            return http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        return http.client.HTTPSConnection("127.0.0.1", self._port, timeout=120, context=self._context)

    def small(self, count: int) -> None:
        """So many manifests, over one connection."""
        connection = self.connect()
        for _ in range(count):
            self._ask(connection, "GET", f"/v2/{REPOSITORY}/manifests/small-0", 200)
        connection.close()

    def down(self, digest: str) -> None:
        """A blob, whole."""
        connection, buffer = self.connect(), bytearray(MIB)
        connection.request("GET", f"/v2/{REPOSITORY}/blobs/{digest}", headers=self._headers)
        answer = connection.getresponse()
        while answer.readinto(buffer):
            pass
        connection.close()

    def up(self, content: bytes) -> None:
        """A blob, in one PUT."""
        connection = self.connect()
        answer = self._ask(connection, "POST", f"/v2/{REPOSITORY}/blobs/uploads/", 202)
        place = answer.headers["Location"]
        path = place[place.index("/v2/") :]
        path += f"{'&' if '?' in path else '?'}digest={digest_of(content)}"
        self._ask(connection, "PUT", path, 201, content)
        connection.close()

    def _ask(
        self, connection: http.client.HTTPConnection, method: str, path: str, status: int, body: bytes | None = None
    ) -> http.client.HTTPResponse:
        connection.request(method, path, body, self._headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != status:
            raise RuntimeError(f"{method} {path} was answered {answer.status}")
        return answer


def main(arguments: list[str]) -> int:
    """The exit status: 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.tls", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    home = Path(tempfile.mkdtemp(prefix="entrepot-tls-"))
    issuer = Issuer(home)
    plain = Entrepot(home / "plain", issuer, Path(sys.executable), 1)
    own = Encrypted(home / "own", issuer, Path(sys.executable), 1)
    front: subprocess.Popen[bytes] | None = None
    try:
        content = Content(home, BLOB, 2)
        plain.start()
        plain.seed(content)
        _move(plain, own)
        port, front = _front(home, plain, Binaries(ROOT / "build" / "bench" / "bin").nginx())
        token = plain.authorization()
        tools = {
            WAYS[0]: (Client(plain.port, token, tls=False), (plain.pid,)),
            WAYS[1]: (Client(own.port, token, tls=True), (own.pid,)),
            WAYS[2]: (Client(port, token, tls=True), (plain.pid, front.pid)),
        }
        _show(_measure(tools, content, options.rounds))
    finally:
        if front is not None:
            front.terminate()
            front.wait(10)
        plain.stop()
        own.stop()
        issuer.close()
        shutil.rmtree(home, ignore_errors=True)
    return 0


def _move(plain: Entrepot, own: Entrepot) -> None:
    """Starts the second on a copy of the first's data, so that one's tokens and content are the other's as well."""
    plain.stop()
    shutil.rmtree(own.data)
    shutil.copytree(plain.data, own.data)
    own.credentials = plain.credentials
    plain.start()
    own.start()


def _front(home: Path, behind: Entrepot, program: Path) -> tuple[int, "subprocess.Popen[bytes]"]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    certificate, key = home / "front.crt", home / "front.key"
    subject = ["-subj", "/CN=localhost", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made = ["openssl", "req", "-x509", "-nodes", *subject, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    settings = home / "front.conf"
    settings.write_text(
        FRONT.format(
            user="user root;",
            home=home,
            folders="\n".join(f"  {kind}_temp_path {home}/{kind};" for kind in kinds),
            behind=behind.port,
            port=port,
            certificate=certificate,
            key=key,
        )
    )
    process = subprocess.Popen([program, "-c", settings, "-e", "stderr", "-p", home])
    for _ in range(100):
        time.sleep(0.05)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return port, process
    raise RuntimeError("nginx did not start")


Tools = dict[str, tuple[Client, tuple[int, ...]]]


def _measure(tools: Tools, content: Content, rounds: int) -> dict[str, dict[str, list[float]]]:
    found: dict[str, dict[str, list[float]]] = {}
    for turn in range(rounds):
        for place, (way, (client, pids)) in enumerate(tools.items()):
            rows = _rows(client, content, first=(turn * len(tools) + place) * THREADS)
            for title, (job, scale) in rows.items():
                touch_memory(GIB)
                before = sum(map(cpu_seconds, pids))
                with ThreadPoolExecutor(THREADS) as pool:
                    list(pool.map(job, range(THREADS)))
                time.sleep(0.25)
                seconds = (sum(map(cpu_seconds, pids)) - before) * scale
                found.setdefault(title, {}).setdefault(way, []).append(seconds)
                print(f"round {turn + 1}: {title}: {way} {seconds:.2f}", file=sys.stderr)
    return found


def _rows(client: Client, content: Content, first: int) -> dict[str, tuple[Callable[[int], None], float]]:
    """What each thread does, by title, and what a figure is to be multiplied with; uploads are new from `first` on."""
    blobs = [layer.digest for layer in content.large.layers] * (THREADS // 2)
    base = content.base.read_bytes()
    share = GIB / THREADS / BLOB
    return {
        "10 000 manifest GETs": (lambda _: client.small(10_000 // THREADS), 1.0),
        f"1 GiB down, {THREADS} connections": (lambda number: client.down(blobs[number]), share),
        f"1 GiB up, {THREADS} connections": (
            lambda number: client.up((first + number).to_bytes(8, "big") + base[8:]),
            share,
        ),
    }


def _show(found: dict[str, dict[str, list[float]]]) -> None:
    table = Table("row", *WAYS, title="CPU seconds of the server: median")
    for title, by_way in found.items():
        table.add_row(title, *(f"{median(by_way[way]):.2f}" for way in WAYS))
    Console(width=110).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
