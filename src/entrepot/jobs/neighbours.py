"""Looks after the other processes that do jobs: what a dead one had begun is put back, what was lost is found.

Whether another one lives is seen by its count going up, and timed by this process's own clock, which nobody sets.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog

from entrepot.db import job_nodes, job_runs
from entrepot.db.contract import Database, Transaction
from entrepot.db.job_nodes import Node
from entrepot.jobs.engine import UNFINISHED, Engine, RunName
from entrepot.jobs.pace import Pace

LEASE = "jobs"
AT_ONCE = 50
KEPT_BY_ENGINE = timedelta(days=7)
"""How long the engine remembers runs that ended: longer than a job is tried again."""

_log = structlog.get_logger("entrepot.jobs")


@dataclass(slots=True)
class _Seen:
    beat: int
    at: float


class Neighbours:
    """One of all processes, the one that leads, acts upon what it sees; each of them watches, to be ready for it."""

    def __init__(self, db: Database, engine: Engine, node: str, pace: Pace) -> None:
        self._db = db
        self._engine = engine
        self._node = node
        self._pace = pace
        self._seen: dict[str, _Seen] = {}
        self._looked_for_strays = time.monotonic()

    async def look(self) -> None:
        """Watches, and acts if this process leads. Raises Failed."""
        lasting = int(self._pace.lease * 1_000_000)
        nodes = await self._db.read(job_nodes.every)
        leads = await self._db.write(lambda tx: job_nodes.lead(tx, LEASE, self._node, lasting))
        dead = self._dead(nodes)
        if not leads:
            return
        for node in dead:
            await self._bury(node)
        if time.monotonic() - self._looked_for_strays >= self._pace.strayed_after:
            self._looked_for_strays = time.monotonic()
            await self._look_for_strays()
            await self._engine.forget(KEPT_BY_ENGINE, AT_ONCE)

    def resign(self, tx: Transaction) -> None:
        """Lets another process lead at once."""
        job_nodes.give_up_leading(tx, LEASE, self._node)

    def _dead(self, nodes: list[Node]) -> list[str]:
        now = time.monotonic()
        dead = []
        for node in nodes:
            seen = self._seen.get(node.id)
            if node.beat == job_nodes.DEPARTED:
                dead.append(node.id)
            elif seen is None or seen.beat != node.beat:
                self._seen[node.id] = _Seen(node.beat, now)
            elif node.id != self._node and now - seen.at > self._pace.dead_after:
                dead.append(node.id)
        for gone in self._seen.keys() - {node.id for node in nodes}:
            del self._seen[gone]
        return dead

    async def _bury(self, node: str) -> None:
        """Puts back what that process had begun. It is told of as living until all is: so another can finish this."""
        put_back = await self._engine.put_back(node)
        await self._db.write(lambda tx: job_nodes.remove(tx, node))
        _log.warning("a process that did jobs is gone, and others go on with them", node=node, jobs=put_back)

    async def _look_for_strays(self) -> None:
        """Finds jobs that the engine should have and has not, because its database was lost or is older than ours."""
        since = int(self._pace.strayed_after * 1_000_000)
        found = await self._db.read(lambda tx: job_runs.strays(tx, since, AT_ONCE))
        if not found:
            return
        states = await self._engine.states([RunName(job.id, job.run) for job in found])
        lost = [job for job in found if states.get(str(RunName(job.id, job.run))) not in UNFINISHED]
        for job in lost:
            await self._db.write(partial(job_runs.again, job_id=job.id, run=job.run))
            _log.warning("a job was lost by the engine and begins again", job=job.id)
