"""Answers that are there at once: what the server may ask before it makes a request of what came.

Most requests of a registry are GET and HEAD of the same few manifests and small blobs. Answering one as an ASGI
application costs a task and a dozen objects, several times what finding the answer does. So an application may offer
a Quick beside itself. It is asked only about the plainest requests, may decline any for no reason, and what it gives
is byte for byte what the application would have given.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol


class Ready(NamedTuple):
    """A whole answer, with status 200."""

    head: bytes
    """The lines of its header, each with its CRLF, Content-Length among them; without status line and empty line."""
    body: bytes
    """What follows the header; nothing if HEAD was asked."""
    principal: str
    """The name of who asked, for the log."""


class Quick(Protocol):
    """What answers at once."""

    def hear(self, method: str, target: bytes, fields: Mapping[bytes, bytes], then: Callable[[], None], /) -> bool:
        """Whether it has to be waited for before it can be asked about this request; if so, `then` is called soon.

        It must be asked while that runs, not later. Parameters as below. Never raises.
        """

    def __call__(
        self, method: str, target: bytes, fields: Mapping[bytes, bytes], client: str, came: float, /
    ) -> Ready | None:
        """The answer to a request as of this moment; None if it is to be asked in the usual way.

        `method` is GET or HEAD, `target` the path as it came, without a query, `fields` the header, names in lower
        case, of a name that came twice the last. No content comes with the request. `client` is the address it came
        from, `came` when, by time.perf_counter, or 0 for just now. Never waits and never raises; what it counts and
        notes (pulls, metrics, the log) is done if it answers.
        """
