"""How much each repository holds: counters that are moved with their project's quota, in one call and one transaction.

`held` is the bytes of all blobs that the repository has links to, `own` of those that no other repository of its
project has, `bodies` of its manifests, those in the trash included.
"""

from collections.abc import Iterable
from typing import NamedTuple

from entrepot.db.contract import Transaction


class Shift(NamedTuple):
    """By how much the counters of a repository move, in bytes."""

    repository_id: int
    held: int = 0
    own: int = 0
    bodies: int = 0


class Counted(NamedTuple):
    """What the counters say, in bytes."""

    held: int
    own: int
    bodies: int


def shift(tx: Transaction, shifts: Iterable[Shift]) -> None:
    """Moves the counters, of one repository after the other in the order in which every transaction locks them.

    Those of a repository that is not there are passed over: no push fails, and no collection, for a sum that is shown.
    """
    sums: dict[int, Counted] = {}
    for one in shifts:
        before = sums.get(one.repository_id, Counted(0, 0, 0))
        sums[one.repository_id] = Counted(before.held + one.held, before.own + one.own, before.bodies + one.bodies)
    for repository_id, moved in sorted(sums.items()):
        if any(moved):
            tx.run(
                "INSERT INTO repository_use (repository_id, held, own, bodies)"
                " SELECT id, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT) FROM repositories WHERE id = ?"
                " ON CONFLICT (repository_id) DO UPDATE SET held = repository_use.held + excluded.held,"
                " own = repository_use.own + excluded.own, bodies = repository_use.bodies + excluded.bodies",
                *moved,
                repository_id,
            )


def counted(tx: Transaction, repository_id: int) -> Counted:
    """What the counters of the repository say."""
    row = tx.one("SELECT held, own, bodies FROM repository_use WHERE repository_id = ?", repository_id)
    return Counted(0, 0, 0) if row is None else Counted(int(row[0]), int(row[1]), int(row[2]))


def recomputed(tx: Transaction, repository_id: int) -> Counted:
    """What the counters should say: computed from what the repositories of the project hold."""
    row = tx.one(
        "SELECT coalesce(SUM(size), 0), coalesce(SUM(CASE WHEN others = 0 THEN size ELSE 0 END), 0)"
        " FROM (SELECT b.size AS size, (SELECT count(*) FROM repository_blobs o"
        "   JOIN repositories s ON s.id = o.repository_id"
        "   WHERE o.blob_id = l.blob_id AND s.id <> r.id AND s.project_id = r.project_id) AS others"
        "  FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id JOIN repositories r ON r.id = l.repository_id"
        "  WHERE l.repository_id = ?) AS links",
        repository_id,
    )
    bodies = tx.one("SELECT coalesce(SUM(length(body)), 0) FROM manifests WHERE repository_id = ?", repository_id)
    assert row is not None
    assert bodies is not None
    return Counted(int(row[0]), int(row[1]), int(bodies[0]))


def miscounted(tx: Transaction) -> list[str]:
    """A sentence for each repository of a project whose counters do not say what they should."""
    found = []
    for number, name in tx.all("SELECT id, name FROM repositories WHERE project_id IS NOT NULL ORDER BY id"):
        says, holds = counted(tx, int(number)), recomputed(tx, int(number))
        if says != holds:
            found.append(f"{name} counts {says} and holds {holds}")
    return found
