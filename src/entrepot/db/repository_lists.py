"""Lists of repositories. One that holds no artifact is not shown: it is what a first push began, or a last one left."""

from collections.abc import Iterable
from typing import NamedTuple

from entrepot.db.contract import Transaction
from entrepot.db.listing import Column, Kind, Listing, contains, rows
from entrepot.db.project_lists import EVERYTHING, SOME, Visibility
from entrepot.model.query import ListQuery


class RepositoryRow(NamedTuple):
    """A repository that holds something."""

    id: int
    project_id: int
    name: str
    description: str
    pull_count: int
    created_at: int
    updated_at: int


class FoundRepository(NamedTuple):
    """A repository that a search found."""

    repository: RepositoryRow
    project_name: str
    project_public: bool


_COLUMNS = "r.id, r.project_id, r.name, r.description, r.pull_count, r.created_at, r.updated_at"
_HOLDS = "r.live"
_OF_NO_DELETED_PROJECT = "r.project_id NOT IN (SELECT p.id FROM projects p WHERE p.deleted_at IS NOT NULL)"
_KEYS = {
    "repository_id": Column("r.id", Kind.NUMBER),
    "name": Column("r.name", lower=True),
    "project_id": Column("r.project_id", Kind.NUMBER),
    "description": Column("r.description"),
    "pull_count": Column("r.pull_count", Kind.NUMBER),
    "creation_time": Column("r.created_at", Kind.TIME),
    "update_time": Column("r.updated_at", Kind.TIME),
}
_LISTING = Listing(
    select=_COLUMNS,
    source="FROM repositories r JOIN projects p ON p.id = r.project_id",
    columns=_KEYS,
    order="r.created_at DESC, r.id DESC",
    unique="r.id",
)
_ALONE = Listing(
    select=_COLUMNS,
    source="FROM repositories r",
    columns=_KEYS,
    order="r.created_at DESC, r.id DESC",
    unique="r.id",
)


def page(tx: Transaction, visible: Visibility, query: ListQuery) -> tuple[list[RepositoryRow], int]:
    """A page of the repositories of visible projects, and how many there are."""
    if visible == EVERYTHING:
        # Without all the projects an index has the order already.
        found, total = rows(tx, _ALONE, query, [_HOLDS, _OF_NO_DELETED_PROJECT])
    else:
        found, total = rows(tx, _LISTING, query, [_HOLDS, visible.condition], visible.values)
    return [RepositoryRow(*row) for row in found], total


def page_of_project(tx: Transaction, project_id: int, query: ListQuery) -> tuple[list[RepositoryRow], int]:
    """As `page`, of one project."""
    found, total = rows(tx, _ALONE, query, ["r.project_id = ?", _HOLDS], [project_id])
    return [RepositoryRow(*row) for row in found], total


def find(tx: Transaction, repository_id: int) -> RepositoryRow | None:
    """The repository of that id, if it holds something."""
    row = tx.one(f"SELECT {_COLUMNS} FROM repositories r WHERE r.id = ? AND {_HOLDS}", repository_id)
    return None if row is None else RepositoryRow(*row)


def find_emptied(tx: Transaction, repository_id: int) -> RepositoryRow | None:
    """The repository of that id, if it holds nothing any more; one that never held anything is not found."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM repositories r WHERE r.id = ? AND NOT {_HOLDS}"
        " AND EXISTS (SELECT 1 FROM tag_moves v WHERE v.repository_id = r.id"
        "  UNION ALL SELECT 1 FROM manifests m WHERE m.repository_id = r.id)",
        repository_id,
    )
    return None if row is None else RepositoryRow(*row)


def search(tx: Transaction, visible: Visibility, text: str, count: int) -> list[FoundRepository]:
    """Up to `count` repositories of visible projects whose names hold the text, by name."""
    holding, values = contains("r.name", text, lower=True)
    conditions = " AND ".join(part for part in (holding, _HOLDS, visible.condition) if part)
    found = tx.all(
        f"SELECT {_COLUMNS}, p.name, p.public FROM repositories r JOIN projects p ON p.id = r.project_id"
        f" WHERE {conditions} ORDER BY r.name LIMIT ?",
        *values,
        *visible.values,
        count,
    )
    return [FoundRepository(RepositoryRow(*row[:7]), row[7], bool(row[8])) for row in found]


def count_by_project(tx: Transaction, project_ids: Iterable[int]) -> dict[int, int]:
    """How many repositories each of the projects has; projects without any are left out."""
    wanted = sorted(set(project_ids))
    found: dict[int, int] = {}
    for start in range(0, len(wanted), SOME):
        some = wanted[start : start + SOME]
        found.update(
            (int(row[0]), int(row[1]))
            for row in tx.all(
                "SELECT r.project_id, count(*) FROM repositories r"
                f" WHERE r.project_id IN ({','.join('?' * len(some))}) AND {_HOLDS} GROUP BY r.project_id",
                *some,
            )
        )
    return found


def count_by_publicity(tx: Transaction, visible: Visibility) -> dict[bool, int]:
    """How many repositories there are in visible projects that are public, and in those that are not."""
    conditions = " AND ".join(part for part in (_HOLDS, visible.condition) if part)
    # Two sums in one pass: groups would be sorted first.
    row = tx.one(
        "SELECT count(*), coalesce(sum(CASE WHEN p.public THEN 1 ELSE 0 END), 0)"
        f" FROM repositories r JOIN projects p ON p.id = r.project_id WHERE {conditions}",
        *visible.values,
    )
    assert row is not None
    return {True: int(row[1]), False: int(row[0]) - int(row[1])}


def artifact_counts(tx: Transaction, repository_ids: Iterable[int]) -> dict[int, int]:
    """How many artifacts each of the repositories holds, accessories and children of indexes included."""
    wanted = sorted(set(repository_ids))
    found: dict[int, int] = {}
    for start in range(0, len(wanted), SOME):
        some = wanted[start : start + SOME]
        found.update(
            (int(row[0]), int(row[1]))
            for row in tx.all(
                "SELECT repository_id, count(*) FROM manifests"
                f" WHERE repository_id IN ({','.join('?' * len(some))}) AND deleted_at IS NULL GROUP BY repository_id",
                *some,
            )
        )
    return found
