"""A request that was answered at once, as seen from outside: what `exchange` is for one that takes its time."""

import random
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import unquote

import structlog

from entrepot.server.exchange import Observer, is_sane_id, kind_of
from entrepot.wire.ready import Quick, Ready


class Glimpse:
    """A request and its answer, which were one moment."""

    __slots__ = ("began", "bytes_out", "client", "kind", "method", "path", "principal", "request_id", "user_agent")

    status = 200
    bytes_in = 0
    complete = True

    def __init__(
        self, began: float, method: str, target: bytes, fields: Mapping[bytes, bytes], client: str, ready: Ready
    ) -> None:
        self.began = began
        self.method = method
        self.path, self.kind = _path_and_kind(target)
        self.client = client
        self.user_agent = fields.get(b"user-agent", b"")
        request_id = fields.get(b"x-request-id")
        self.request_id = request_id if request_id and is_sane_id(request_id) else b"%016x" % random.getrandbits(64)
        self.principal = ready.principal
        self.bytes_out = len(ready.body)


@lru_cache(maxsize=4096)
def _path_and_kind(target: bytes) -> tuple[str, str]:
    path = unquote(target.decode("latin-1"))
    return path, kind_of(path)


class Glimpsed:
    """A Quick that tells observers of every request that it answers, and puts the request's id into the answer."""

    def __init__(self, quick: Quick, observers: Sequence[Observer]) -> None:
        self._quick = quick
        self._observers = observers
        self.hear = quick.hear

    def __call__(
        self, method: str, target: bytes, fields: Mapping[bytes, bytes], client: str, came: float, /
    ) -> Ready | None:
        """The answer; an exception is logged, and the request declined."""
        began = came or time.perf_counter()
        try:
            ready = self._quick(method, target, fields, client, came)
        except Exception:  # the edge of a request: asked in the usual way, it may work, or tell the client
            log = structlog.get_logger("entrepot.server")
            log.exception("a request could not be answered at once", method=method)
            return None
        if ready is None:
            return None
        seen = Glimpse(began, method, target, fields, client, ready)
        for observer in self._observers:
            observer.glimpsed(seen)
        return Ready(b"%bx-request-id: %b\r\n" % (ready.head, seen.request_id), ready.body, ready.principal)
