"""What has to be so when everybody has stopped."""

import asyncio
import time
from collections.abc import Container
from dataclasses import dataclass

from entrepot.db import proof, quotas, repository_use
from entrepot.db.contract import Transaction
from entrepot.db.manifests import IS_LISTED
from entrepot.db.postgresql import PostgresqlDatabase
from entrepot.db.repositories import HOLDS
from entrepot.model.digest import Digest
from entrepot.model.errors import ManifestUnknown
from entrepot.model.fault import Fault
from entrepot.model.query import ListQuery
from entrepot.model.reference import Tag
from entrepot.tasks.prove import Finding, Prover
from stress.house import House
from stress.ledger import Claim, Ledger
from stress.pulling import pull

ROUNDS_AT_ONCE = 16
"""Of collection, until nothing is left."""
DRAIN_SECONDS = 60.0
PAGE = 500


@dataclass(slots=True)
class Verdict:
    """What was found at the end; `leaked` should be nothing."""

    live: int = 0
    """Acknowledged manifests that nobody deleted, each pulled whole."""
    gone: int = 0
    """Manifests whose deletion was acknowledged, each not there."""
    tags: int = 0
    """Tags of which it is certain what they name."""
    leaked: int = 0
    """Objects and rows that nothing counts on and nothing will remove."""
    deadlocks: int = 0
    """How often PostgreSQL had to end a transaction for another to go on, at the cost of a second each time."""


async def judge(
    house: House, ledger: Ledger, damaged: Container[str] = (), patience: float = DRAIN_SECONDS
) -> tuple[Verdict, list[tuple[str, str]]]:
    """The verdict, and every violation found but in what was damaged on purpose.

    Nobody else may be at work. Collects until nothing is left, for at most `patience` seconds.
    """
    verdict = Verdict()
    violations = [("lost", sentence) for sentence in await _claims(house, ledger, verdict)]
    left = await drain(house, patience)
    verdict.leaked += len(left)
    violations += [("leaked", sentence) for sentence in left]
    async for step in Prover(house.db, house.storage, sparse_indexes=False).prove():
        if isinstance(step, Finding) and step.subject not in damaged:
            leaked = step.fault is Fault.OBJECT_LEAKED
            verdict.leaked += leaked
            violations.append(("leaked" if leaked else "lost", f"{step.subject}: {step.sentence}"))
    violations += [("lost", f"after collection: {sentence}") for sentence in await _claims(house, ledger, Verdict())]
    violations += [("wrong count", sentence) for sentence in await house.db.read(_miscounted)]
    verdict.deadlocks = await _deadlocks(house)
    return verdict, violations


async def drain(house: House, patience: float = DRAIN_SECONDS) -> list[str]:
    """What is left over once nothing has gone for so many seconds, though all that may go had the time to."""
    await house.db.write(_as_if_removers_were_forgotten)
    deadline = time.monotonic() + patience
    latest = deadline + 10 * patience
    while time.monotonic() < min(deadline, latest):
        # Each waits a moment for somebody whose commit it could share: many share one.
        rounds = await asyncio.gather(*(house.collector.round() for _ in range(ROUNDS_AT_ONCE)))
        idle = all(done.idle for done in rounds)
        if not idle:
            deadline = time.monotonic() + patience
        elif not await house.db.read(_left):
            break
    left = await house.db.read(_left)
    objects = [key async for key in house.storage.keys()]  # noqa: SIM118 - not a dict
    for key in objects:
        if not await house.db.read(lambda tx, key=key: _is_held(tx, key)):  # type: ignore[misc]
            left.append(f"object {key}")
    return left


async def _claims(house: House, ledger: Ledger, verdict: Verdict) -> list[str]:
    """A sentence for each claim of the ledger that does not hold."""
    broken = []
    there = await _all_live(house)
    for name in ledger.manifests():
        repository, digest = name
        match ledger.manifest(name):
            case Claim.LIVE:
                trouble = await pull(house, house.grant(repository), Digest.parse(digest))
                verdict.live += 1
                if trouble is not None:
                    broken.append(f"{repository}: {trouble.sentence}")
            case Claim.GONE:
                verdict.gone += 1
                if name in there:
                    broken.append(f"{repository}: {digest} was deleted and is there")
            case Claim.EITHER:
                pass
    return broken + await _tags(house, ledger, verdict)


async def _tags(house: House, ledger: Ledger, verdict: Verdict) -> list[str]:
    broken = []
    for repository, tag in ledger.tags():
        named = ledger.tag((repository, tag))
        if named is None:
            continue
        verdict.tags += 1
        try:
            found = str((await house.manifests.get(house.grant(repository), Tag(tag))).digest)
        except ManifestUnknown:
            found = "nothing"
        if found != named:
            broken.append(f"{repository}: tag {tag} names {found} instead of {named}")
    return broken


async def _deadlocks(house: House) -> int:
    if not isinstance(house.db, PostgresqlDatabase):
        return 0
    question = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    row = await house.db.read(lambda tx: tx.one(question))
    return 0 if row is None else int(row[0])


async def _all_live(house: House) -> set[tuple[str, str]]:
    there: set[tuple[str, str]] = set()
    last = 0
    while True:
        page = await house.db.read(lambda tx, last=last: proof.page_of_manifests(tx, last, PAGE))  # type: ignore[misc]
        there.update((held.repository, str(held.digest)) for held in page)
        if len(page) < PAGE:
            return there
        last = page[-1].id


def _miscounted(tx: Transaction) -> list[str]:
    """A sentence for each thing that is kept beside what it is worked out from, and is not what that would give."""
    wrong = [
        f"{quota.project_name} counts {quota.quota.used} bytes and holds {held}"
        for quota in quotas.page(tx, ListQuery(page=1, page_size=100), None)[0]
        if (held := quotas.recomputed(tx, quota.quota.project_id)) != quota.quota.used
    ]
    wrong += repository_use.miscounted(tx)
    rows = tx.all(f"SELECT id, listed FROM manifests WHERE deleted_at IS NULL AND listed <> ({IS_LISTED})")  # noqa: S608
    wrong += [f"manifest {row[0]} has listed = {row[1]}" for row in rows]
    rows = tx.all(f"SELECT name, live FROM repositories WHERE live <> ({HOLDS})")  # noqa: S608
    return wrong + [f"{row[0]} has live = {row[1]}" for row in rows]


def _as_if_removers_were_forgotten(tx: Transaction) -> None:
    """A killed remover's objects are taken up again a minute later: as nobody is left, that minute need not pass."""
    tx.run("UPDATE objects_to_remove SET remove_after = ? WHERE taken", tx.now)


_LEFT = {
    "upload {}": "SELECT id FROM uploads",
    "removal {}": "SELECT key FROM objects_to_remove",
    "deleted manifest {}": "SELECT id FROM manifests WHERE deleted_at IS NOT NULL",
    "deletion {}": "SELECT id FROM trash",
    "unneeded blob {}": (
        "SELECT l.blob_id FROM repository_blobs l WHERE NOT EXISTS (SELECT 1 FROM manifest_blobs r"
        " WHERE r.repository_id = l.repository_id AND r.blob_id = l.blob_id)"
    ),
    "blob {} that no repository shows": (
        "SELECT b.id FROM blobs b WHERE NOT EXISTS (SELECT 1 FROM repository_blobs l WHERE l.blob_id = b.id)"
    ),
}


def _left(tx: Transaction) -> list[str]:
    """Rows that should go in the end."""
    return [what.format(row[0]) for what, question in _LEFT.items() for row in tx.all(f"{question} LIMIT 100")]


def _is_held(tx: Transaction, key: str) -> bool:
    return any(
        tx.one(f"SELECT 1 FROM {table} WHERE key = ?", key) is not None  # noqa: S608 - the names are these
        for table in ("blobs", "blob_parts", "layer_indexes")
    )
