"""What a worker process serves: the seam between the server room and the wiring."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from entrepot.wire.ready import Quick

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An ASGI application, as its specification 3.0 has it. Only `http` scopes come."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure of the registry's state, the same whichever worker is asked."""

    name: str
    help: str
    value: float


class Service(Protocol):
    """An application with a life: made in a worker process before its event loop runs."""

    async def start(self) -> Asgi:
        """What answers requests from now on until `stop`. Raises EntrepotError with a sentence if it cannot."""

    @property
    def quick(self) -> Quick | None:
        """What answers the plainest requests beside the application, if anything does; asked after `start`."""

    @property
    def probes(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """What must work for requests to be answered, by name (`database`, `storage`); asked after `start`.

        Each returns if it works now, and raises EntrepotError with a sentence if not.
        """

    async def gauges(self) -> Sequence[Gauge]:
        """What is told of the registry's state with the metrics; asked after `start`. Raises EntrepotError."""

    async def run_tasks(self, stop: asyncio.Event) -> None:
        """Does what the registry does by itself, in one worker at a time, until `stop` is set."""

    def closing(self) -> None:
        """Ends answers that would not end by themselves, such as streams of news: the worker is about to stop."""

    async def stop(self) -> None:
        """Frees what `start` took; called after the last request, also if `start` raised."""


Build = Callable[[int], Service]
"""Makes the service of the worker whose number is given; numbers start at 0 and are taken over after a crash."""
