"""`entrepot serve`."""

import dataclasses
import gc
import ssl
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from entrepot.app import build, work_on_jobs
from entrepot.commands.house import opened
from entrepot.commands.place import HERE, Place, settings_of
from entrepot.config import Settings
from entrepot.server import logs, tls
from entrepot.server.aside import aside
from entrepot.server.claim import claim
from entrepot.server.counts import forget_worker, shared_by_workers
from entrepot.server.edge import Edge, Watching
from entrepot.server.service import Service
from entrepot.server.sockets import listen
from entrepot.server.welcome import Welcome, print_welcome
from entrepot.server.worker import Serving
from entrepot.server.workers import StartFailed, Workers
from entrepot.settings_values import SettingsInvalid


def serve(
    *,
    listen: Annotated[str | None, Parameter(metavar="HOST:PORT")] = None,
    workers: Annotated[str | None, Parameter(metavar="N")] = None,
    tls_cert: Annotated[str | None, Parameter(metavar="FILE")] = None,
    tls_key: Annotated[str | None, Parameter(metavar="FILE")] = None,
    tls_self_signed: Annotated[bool, Parameter(negative="")] = False,
    place: Place = HERE,
) -> int:
    """Run the registry until it is told to stop.

    The first start makes the data folder and the user `admin`, and prints the password.

    Parameters
    ----------
    listen
        Where to listen; `:5000` means every address. [default: 127.0.0.1:5000]
    workers
        How many processes serve. [default: as many as CPUs, at most 4]
    tls_cert
        The certificate and its chain, in PEM, to serve HTTPS with.
    tls_key
        The certificate's private key, in PEM.
    tls_self_signed
        Serve HTTPS with a certificate made here.
    """
    options = {"listen": listen, "workers": workers, "tls_cert": tls_cert, "tls_key": tls_key}
    settings = settings_of(place, {**options, "tls_self_signed": "true" if tls_self_signed else None})
    run(settings)
    return 0


def run(settings: Settings) -> None:
    """Serves with these settings; returns after an orderly stop.

    Raises SettingsInvalid, AlreadyRunning, ListenFailed, TlsFailed or StartFailed, each with a sentence.
    """
    settings.make_data_folder()
    as_json = logs.configure(settings.log_format, settings.log_level)
    # On a shared database many nodes may serve, and a data folder holds nothing that they could spoil.
    with claim(settings.data) if settings.sqlite_file else nullcontext():
        certificate, context = _tls(settings)
        sockets = listen(settings.listen.host, settings.listen.port)
        first_start = _open_once(settings)
        welcome = Welcome(
            address=_address(settings, sockets[0].getsockname()[1], secure=context is not None),
            data=settings.data.resolve(),
            workers=settings.workers,
            password=first_start.password,
            password_file=Path(first_start.password_file) if first_start.password_file else None,
            certificate=certificate,
        )
        with shared_by_workers(settings.workers) as counts:
            watching = Watching(
                log_requests=settings.log_requests,
                as_json=as_json,
                tracing_endpoint=settings.tracing_endpoint,
                counts=counts,
            )
            gc.freeze()  # what is imported now stays shared between the workers, instead of being copied by collection
            Workers(
                Serving(
                    sockets=sockets,
                    tls=context,
                    stop_seconds=settings.stop_timeout.total_seconds(),
                    trusted_proxies=settings.trusted_proxies,
                ),
                partial(_service, settings, watching),
                settings.workers,
                background=[partial(work_on_jobs, settings)] * settings.job_workers,
                when_ready=lambda: print_welcome(Console(stderr=True), welcome),
                when_lost=partial(forget_worker, counts),
            ).run()


def _service(settings: Settings, watching: Watching, number: int) -> Service:
    return Edge(build(settings, number), watching)


class _FirstStart(msgspec.Struct):
    password: str | None
    password_file: str | None


def _open_once(settings: Settings) -> _FirstStart:
    """Makes the database and the first user, or brings the schema up to date, before any worker looks at them."""

    async def open_and_close() -> bytes:
        try:
            async with opened(settings) as house:
                first = house.first_start
                return msgspec.json.encode((first.password, first.password_file and str(first.password_file)))
        except (SettingsInvalid, OSError) as error:
            raise StartFailed(str(error)) from error

    return _FirstStart(*msgspec.json.decode(aside(open_and_close), type=tuple[str | None, str | None]))


def _tls(settings: Settings) -> tuple[Path | None, ssl.SSLContext | None]:
    """The certificate made here, if one was, and the context to serve with."""
    if settings.tls_self_signed:
        certificate, key = tls.self_signed(settings.data / "tls", settings.listen.host)
        return certificate.resolve(), tls.context(certificate, key)
    if settings.tls_cert and settings.tls_key:
        return None, tls.context(settings.tls_cert, settings.tls_key)
    return None, None


def _address(settings: Settings, port: int, *, secure: bool) -> str:
    if settings.public_url:
        return settings.public_url
    host = settings.listen.host
    reachable = "localhost" if host in ("", "0.0.0.0", "::") else host  # noqa: S104 - compared, not listened on
    scheme = "https" if secure else "http"
    return f"{scheme}://{dataclasses.replace(settings.listen, host=reachable, port=port)}"
