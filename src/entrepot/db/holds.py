"""Holds: what nobody may delete until it is lifted."""

from collections.abc import Iterable
from typing import NamedTuple

from entrepot.db.contract import Row, Transaction
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.model.digest import Digest
from entrepot.model.query import ListQuery


class Hold(NamedTuple):
    """Something that is held."""

    id: int
    project_id: int
    repository_id: int | None
    repository: str | None
    """Its whole name; None: the hold is on the project."""
    digest: Digest | None
    """None: on the whole of the repository, or of the project."""
    tag: str | None
    """The tag that has to stay with the artifact as well."""
    reason: str
    placed_at: int
    placed_by: str

    @property
    def resource(self) -> str:
        """What is held, as people name it; of a project nothing."""
        if self.tag:
            return f"{self.repository}:{self.tag}"
        return f"{self.repository}@{self.digest}" if self.digest else self.repository or ""


class NewHold(NamedTuple):
    """A hold to be written down."""

    project_id: int
    repository_id: int | None
    digest: Digest | None
    tag: str | None
    reason: str
    placed_by: str


_COLUMNS = "h.id, h.project_id, h.repository_id, r.name, h.digest, h.tag, h.reason, h.placed_at, h.placed_by"
_SOURCE = "FROM holds h LEFT JOIN repositories r ON r.id = h.repository_id"
_LISTING = Listing(
    select=_COLUMNS,
    source=_SOURCE,
    columns={
        "id": Column("h.id", Kind.NUMBER),
        "repository_name": Column("r.name"),
        "tag": Column("h.tag"),
        "reason": Column("h.reason"),
        "placed_by": Column("h.placed_by"),
        "creation_time": Column("h.placed_at", Kind.TIME),
    },
    order="h.id DESC",
    unique="h.id",
)


def _hold(row: Row) -> Hold:
    digest = None if row[4] is None else Digest(bytes(row[4]))
    return Hold(row[0], row[1], row[2], row[3], digest, *row[5:])


def insert(tx: Transaction, new: NewHold) -> Hold:
    """The hold, which counts from now on."""
    row = tx.one(
        "INSERT INTO holds (project_id, repository_id, digest, tag, reason, placed_at, placed_by)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        new.project_id,
        new.repository_id,
        None if new.digest is None else new.digest.packed,
        new.tag,
        new.reason,
        tx.now,
        new.placed_by,
    )
    assert row is not None
    found = find(tx, row[0])
    assert found is not None
    return found


def is_placed(tx: Transaction, new: NewHold) -> bool:
    """Whether the same is held already."""
    conditions, values = ["h.project_id = ?"], [new.project_id]
    digest = None if new.digest is None else new.digest.packed
    told: list[tuple[str, object]] = [("repository_id", new.repository_id), ("digest", digest), ("tag", new.tag)]
    for column, value in told:
        conditions.append(f"h.{column} IS NULL" if value is None else f"h.{column} = ?")
    given = [value for _, value in told if value is not None]
    return _first(tx, " AND ".join(conditions), *values, *given) is not None


def find(tx: Transaction, hold_id: int) -> Hold | None:
    """The hold of that id."""
    row = tx.one(f"SELECT {_COLUMNS} {_SOURCE} WHERE h.id = ?", hold_id)
    return None if row is None else _hold(row)


def delete(tx: Transaction, hold_id: int) -> bool:
    """Whether the hold was there; it does not count any more."""
    return tx.run("DELETE FROM holds WHERE id = ?", hold_id) == 1


def page(tx: Transaction, project_id: int, query: ListQuery) -> tuple[list[Hold], int]:
    """A page of the project's holds, the newest first, and how many there are."""
    found, total = rows(tx, _LISTING, query, ["h.project_id = ?"], [project_id])
    return [_hold(row) for row in found], total


def concerning(tx: Transaction, project_id: int, repository_id: int, digests: Iterable[Digest]) -> list[Hold]:
    """The holds on the project or the repository as a whole, and those on any of the artifacts."""
    wanted = sorted({digest.packed for digest in digests})
    marks = ",".join("?" * len(wanted)) or "NULL"
    found = tx.all(
        f"SELECT {_COLUMNS} {_SOURCE} WHERE h.project_id = ? AND (h.repository_id IS NULL"
        f" OR (h.repository_id = ? AND (h.digest IS NULL OR h.digest IN ({marks})))) ORDER BY h.id",
        project_id,
        repository_id,
        *wanted,
    )
    return [_hold(row) for row in found]


def on_project(tx: Transaction, project_id: int) -> Hold | None:
    """A hold on the project or on anything in it."""
    return _first(tx, "h.project_id = ?", project_id)


def on_repository(tx: Transaction, repository_id: int) -> Hold | None:
    """A hold on the repository, on anything in it, or on its whole project."""
    return _first(tx, "h.repository_id = ?", repository_id) or _above(tx, repository_id)


def on_artifact(tx: Transaction, repository_id: int, digest: Digest) -> Hold | None:
    """A hold on the artifact, or on what it is in."""
    return (
        _above(tx, repository_id)
        or _first(tx, "h.repository_id = ? AND h.digest IS NULL", repository_id)
        or _first(tx, "h.repository_id = ? AND h.digest = ?", repository_id, digest.packed)
    )


def on_tag(tx: Transaction, repository_id: int, tag: str, digest: Digest) -> Hold | None:
    """A hold that has the tag stay with the artifact that it names."""
    return _first(tx, "h.repository_id = ? AND h.digest = ? AND h.tag = ?", repository_id, digest.packed, tag)


def on_subject(tx: Transaction, repository_id: int, digest: Digest) -> Hold | None:
    """A hold on an artifact that this manifest belongs to, or that names it as a part."""
    return _first(
        tx,
        "h.repository_id = ? AND h.digest IN (SELECT m.accessory_of FROM manifests m"
        " WHERE m.repository_id = ? AND m.digest = ? AND m.accessory_of IS NOT NULL"
        " UNION SELECT p.digest FROM manifest_children c JOIN manifests p ON p.id = c.parent_id"
        " WHERE c.repository_id = ? AND c.digest = ?)",
        repository_id,
        repository_id,
        digest.packed,
        repository_id,
        digest.packed,
    )


def on_all_of(tx: Transaction, project_id: int, repository_id: int | None) -> Hold | None:
    """A hold on the project as a whole, or on the repository as a whole."""
    return _first(
        tx,
        "h.project_id = ? AND (h.repository_id IS NULL OR (h.repository_id = ? AND h.digest IS NULL))",
        project_id,
        repository_id,
    )


def _above(tx: Transaction, repository_id: int) -> Hold | None:
    """A hold on the whole of the project that the repository is in."""
    return _first(
        tx,
        "h.project_id = (SELECT i.project_id FROM repositories i WHERE i.id = ?) AND h.repository_id IS NULL",
        repository_id,
    )


def _first(tx: Transaction, condition: str, *values: object) -> Hold | None:
    row = tx.one(f"SELECT {_COLUMNS} {_SOURCE} WHERE {condition} ORDER BY h.id LIMIT 1", *values)
    return None if row is None else _hold(row)
