"""One process of a run, until it is told to stop or killed."""

import asyncio
import signal
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from entrepot.model.digest import Digest
from entrepot.model.errors import BlobUploadUnknown, DatabaseFailed, StorageFailed
from stress.clients import Desk, HeadFirst, Kept, Mounter, Pusher
from stress.damaging import Damaged, Damager, Walker
from stress.house import Ground, House, Place, open_house, quiet, rules, scratch_name
from stress.journal import Journal
from stress.ledger import Ledger
from stress.options import Options
from stress.others import Deleter, Inspector, Reader, Retagger, Sweeper
from stress.restoring import Restorer
from stress.universe import Universe, chance

ALLOWED = (DatabaseFailed, StorageFailed, BlobUploadUnknown)
"""What may become of an operation on a machine with too much to do: no connection, no answer in time."""


class Role(StrEnum):
    """What a worker does."""

    PUSHER = "pusher"
    HEAD_FIRST = "head-first"
    MOUNTER = "mounter"
    DELETER = "deleter"
    RETAGGER = "retagger"
    RESTORER = "restorer"
    READER = "reader"
    INSPECTOR = "inspector"
    DAMAGER = "damager"
    WALKER = "walker"
    COLLECTOR = "collector"


ALONE = (Role.INSPECTOR, Role.DAMAGER, Role.WALKER)
"""Of these, a process does one thing after another."""
CLIENTS: dict[Role, type[Pusher]] = {Role.PUSHER: Pusher, Role.HEAD_FIRST: HeadFirst, Role.MOUNTER: Mounter}
ONLOOKERS: dict[Role, Callable[[Desk, Ledger], "Player"]] = {
    Role.DELETER: Deleter,
    Role.RETAGGER: Retagger,
    Role.RESTORER: Restorer,
    Role.READER: Reader,
}


class Player(Protocol):
    """Somebody who does one thing after another."""

    async def turn(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which worker to be. Can be sent to other processes."""

    options: Options
    place: Place
    ground: Ground
    journals: Path
    role: Role
    slot: int
    """Which of all workers; a worker that was killed is followed by one of the same slot."""
    generation: int = 0

    @property
    def name(self) -> str:
        """Of the worker in all its lives."""
        return f"{self.slot:02}-{self.role}"

    @property
    def journal(self) -> Path:
        """Where all its lives write."""
        return self.journals / f"{self.name}.journal"


def work(order: Order) -> None:
    """Plays the role until SIGTERM. The entry of a process."""
    quiet()
    asyncio.run(_work(order))


async def _work(order: Order) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    house = open_house(order.place, rules(order.options), order.ground, order.name)
    try:
        await play(order, house, stop)
    finally:
        await house.close()


async def play(order: Order, house: House, stop: asyncio.Event) -> None:
    """Returns when `stop` was set and everything begun is over."""
    journal = Journal(order.journal, order.generation)
    try:
        players = _players(order, house, journal)
        await asyncio.gather(*(_turns(player, journal, stop) for player in players))
    finally:
        journal.close()


def _players(order: Order, house: House, journal: Journal) -> list[Player]:
    options = order.options
    universe = Universe(options.seed, options.blobs)
    if order.role is Role.COLLECTOR:
        return [Sweeper(house, journal)]
    count = 1 if order.role in ALONE else options.tasks
    desks = [
        Desk(
            house=house,
            universe=universe,
            journal=journal,
            name=f"{order.slot}-{order.generation}-{task}",
            place=f"{order.slot}-{task}",
            scratch=scratch_name(order.slot * options.tasks + task),
            dice=chance(options.seed, order.role, order.slot, order.generation, task),
        )
        for task in range(count)
    ]
    damaged = Damaged(order.journals)
    if order.role is Role.INSPECTOR:
        return [Inspector(desks[0], damaged)]
    if order.role is Role.WALKER:
        return [Walker(desks[0], damaged)]
    if order.role is Role.DAMAGER:
        return [Damager(desks[0], damaged)]
    if order.role in ONLOOKERS:
        ledger = Ledger(order.journals, recent=True)
        return [ONLOOKERS[order.role](desk, ledger) for desk in desks]
    kept = _kept(order)
    return [CLIENTS[order.role](desk, kept[task::count]) for task, desk in enumerate(desks)]


def _kept(order: Order) -> list[Kept]:
    """What earlier lives of the worker pushed and did not delete."""
    ledger = Ledger(order.journals, only=order.journal.name)
    ledger.refresh()
    return [Kept(push.repository, Digest.parse(push.digest)) for push in ledger.undeleted()]


async def _turns(player: Player, journal: Journal, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await _guarded(player.turn(), journal)
        await asyncio.sleep(0)


async def _guarded(doing: Coroutine[Any, Any, None], journal: Journal) -> None:
    """Returns when it is done or has failed; failing in a way that nothing here gives a reason for is a violation."""
    try:
        await doing
    except ALLOWED as error:
        journal.error(error)
    except Exception:  # noqa: BLE001 - the edge of a job
        journal.violation("unreasonable error", traceback.format_exc()[-1500:])
