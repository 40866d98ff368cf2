"""Logs on standard output: lines of JSON for machines, or readable ones for a terminal."""

import asyncio
import logging
import os
import sys
import time
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from entrepot.server.exchange import Exchange, Seen

_SECRET_WORDS = ("authorization", "cookie", "password", "secret", "token")
_LONGEST_PATH = 1024
_LONGEST_USER_AGENT = 200
WRITE_AFTER = 0.005
"""Seconds for which a request's line may wait for others, to be written with them."""
_AT_ONCE = 4096
"""Bytes that a pipe takes as one piece, so that lines of several processes do not mix (PIPE_BUF)."""


def configure(log_format: str, level: str) -> bool:
    """Sets up logging for this process and its children; gives whether lines are JSON.

    `log_format` is `json`, `console`, or `auto` for JSON unless standard output is a terminal.
    """
    as_json = log_format == "json" or (log_format == "auto" and not sys.stdout.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        mask_secrets,
    ]
    last: list[Processor]
    if as_json:
        # Tracebacks as text: the structured kind carries local variables, and with them secrets.
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_as_text)]
    else:
        plain = structlog.dev.plain_traceback
        last = [
            structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), timestamp_key="time", exception_formatter=plain)
        ]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: _Lines(sys.stdout.fileno()),
        cache_logger_on_first_use=True,
    )
    _take_over_stdlib(shared, last, level)
    return as_json


class _Lines:
    """A logger for structlog that writes each event as a line, and goes on where that fails.

    A log on a full disk must not turn a request that is answered with a reason into one that fails for want of a log.
    """

    def __init__(self, file: int) -> None:
        self._file = file

    def msg(self, line: str) -> None:
        """Writes the line."""
        _write(self._file, line.encode() + b"\n")

    debug = info = warning = error = critical = exception = log = msg


def _take_over_stdlib(shared: list[Processor], last: list[Processor], level: str) -> None:
    """Libraries log through the standard library: their warnings go the same way as our lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event with the values masked whose names sound secret: a net below the care taken at each line."""
    for name in event:
        if any(word in name.lower() for word in _SECRET_WORDS):
            event[name] = "********"
    return event


def _as_text(value: Any, **_: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()


class _Line(msgspec.Struct, omit_defaults=True):
    time: str
    event: str
    request_id: str
    method: str
    path: str
    status: int
    received: int
    sent: int
    ms: float
    level: str = ""
    principal: str = ""
    client: str = ""
    user_agent: str = ""
    aborted: bool = False


class RequestLog:
    """An observer that writes one line for each request, straight to a file descriptor.

    Neither headers but the user agent nor the query are written, since both can hold secrets. Lines wait a few
    milliseconds for others, in a process that has an event loop; those of a process that is killed may be lost.
    """

    def __init__(self, file: int, *, as_json: bool) -> None:
        self._file = file
        self._as_json = as_json
        self._encode = msgspec.json.Encoder().encode
        self._second = 0
        self._second_text = ""
        self._waiting = bytearray()

    def began(self, exchange: Exchange) -> None:
        """Nothing is written before the end."""

    def ended(self, exchange: Exchange) -> None:
        """Writes the line."""
        self.glimpsed(exchange)

    def glimpsed(self, seen: Seen) -> None:
        """Writes the line."""
        line = _Line(
            time=self._now(),
            event="request",
            request_id=seen.request_id.decode(),
            method=seen.method,
            path=seen.path[:_LONGEST_PATH],
            status=seen.status,
            received=seen.bytes_in,
            sent=seen.bytes_out,
            ms=round((time.perf_counter() - seen.began) * 1000, 3),
            level="info",
            principal=seen.principal,
            client=seen.client,
            user_agent=seen.user_agent[:_LONGEST_USER_AGENT].decode("latin-1"),
            aborted=not seen.complete,
        )
        text = self._encode(line) + b"\n" if self._as_json else _readable(line)
        if len(self._waiting) + len(text) > _AT_ONCE:
            self.flush()
        if not self._waiting:
            try:
                asyncio.get_running_loop().call_later(WRITE_AFTER, self.flush)
            except RuntimeError:  # Nothing would come back to write it.
                _write(self._file, text)
                return
        self._waiting += text

    def flush(self) -> None:
        """Writes what waits."""
        if self._waiting:
            text, self._waiting = self._waiting, bytearray()
            _write(self._file, text)

    def _now(self) -> str:
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._second_text}.{int((now - second) * 1000):03d}Z"


def _readable(line: _Line) -> bytes:
    # A path can hold line ends and terminal codes; what is not printable is escaped.
    path = line.path if line.path.isprintable() else line.path.encode("unicode_escape").decode()
    end = " aborted" if line.aborted else ""
    return (
        f"{line.time[11:-1]} {line.status} {line.method:<6} {path} {line.principal or '-'} "
        f"in={line.received} out={line.sent} {line.ms:.1f}ms {line.request_id}{end}\n"
    ).encode()


def _write(file: int, data: bytes | bytearray) -> None:
    """Writes it all."""
    try:
        written = os.write(file, data)
        while written < len(data):
            data = data[written:]
            written = os.write(file, data)
    except OSError:
        return  # nobody reads the log, or its disk is full: requests are served all the same
