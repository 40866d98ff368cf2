"""Repositories: rows made by the first push, and the names a principal may see."""

from typing import NamedTuple

from entrepot.db.contract import Again, Transaction
from entrepot.db.events import record
from entrepot.model.errors import Conflict, ProjectUnknown
from entrepot.model.event import Event, EventName
from entrepot.model.grant import Principal


def find(tx: Transaction, name: str) -> int | None:
    """The id of the repository of that whole name; None while it is moving into the trash or out of it."""
    row = tx.one("SELECT id FROM repositories WHERE name = ? AND moving IS NULL", name)
    return None if row is None else int(row[0])


def find_in(tx: Transaction, project_id: int, name: str) -> int | None:
    """As `find`, if it belongs to that project."""
    row = tx.one("SELECT id FROM repositories WHERE name = ? AND project_id = ? AND moving IS NULL", name, project_id)
    return None if row is None else int(row[0])


def _settled(tx: Transaction, project_id: int, name: str) -> int | None:
    """As `find_in`. Raises Conflict while it is moving."""
    row = tx.one("SELECT id, moving FROM repositories WHERE name = ? AND project_id = ?", name, project_id)
    if row is not None and row[1] is not None:
        raise on_its_way(name)
    return None if row is None else int(row[0])


def on_its_way(name: str) -> Conflict:
    """The error for who needs a repository that is moving into the trash or out of it."""
    return Conflict(f"{name} is being deleted or restored, which takes a moment as it is large; try again then")


def ensure(tx: Transaction, project_id: int, name: str, by: Principal) -> int:
    """The id of the project's repository of that whole name, made now if there was none.

    The project stays until the transaction ends. Raises ProjectUnknown if it is gone already, Conflict while the
    repository is moving into the trash or out of it.
    """
    find = "SELECT 1 FROM projects WHERE id = ? AND deleted_at IS NULL FOR KEY SHARE"
    if tx.one(find, project_id) is None:
        raise ProjectUnknown(f"there is no project {name.partition('/')[0]}")
    found = _settled(tx, project_id, name)
    if found is not None:
        return found
    row = tx.one(
        "INSERT INTO repositories (project_id, name, description, pull_count, created_at, updated_at, live)"
        " VALUES (?, ?, '', 0, ?, ?, FALSE) ON CONFLICT (name) DO NOTHING RETURNING id",
        project_id,
        name,
        tx.now,
        tx.now,
    )
    if row is None:  # Somebody else made it in between; that is committed by now.
        found = _settled(tx, project_id, name)
        if found is None:  # And removed again.
            raise Again
        return found
    event = Event(name=EventName.REPOSITORY_CREATED, by=by, resource=name, project_id=project_id, repository=name)
    record(tx, event)
    return int(row[0])


def describe(tx: Transaction, repository_id: int, description: str) -> None:
    """Gives the repository that description."""
    statement = "UPDATE repositories SET description = ?, updated_at = ? WHERE id = ?"
    tx.run(statement, description, tx.now, repository_id)


class Told(NamedTuple):
    """What people and time have added to a repository."""

    description: str
    pull_count: int


def begin_anew(tx: Transaction, repository_id: int) -> Told:
    """What was told of the repository until now: from now on it is as if it were new."""
    row = tx.one("SELECT description, pull_count FROM repositories WHERE id = ?", repository_id)
    assert row is not None, "the caller has locked it"
    tx.run(
        "UPDATE repositories SET description = '', pull_count = 0, updated_at = ? WHERE id = ?", tx.now, repository_id
    )
    return Told(str(row[0]), int(row[1]))


def tell_again(tx: Transaction, repository_id: int, told: Told) -> None:
    """Gives the repository its description again, if it has got none, and adds the pulls to those it has had since."""
    tx.run(
        "UPDATE repositories SET description = CASE WHEN description = '' THEN ? ELSE description END,"
        " pull_count = pull_count + ? WHERE id = ?",
        told.description,
        told.pull_count,
        repository_id,
    )


def lock(tx: Transaction, repository_id: int) -> None:
    """No blob is linked to the repository by anybody else until the transaction ends."""
    tx.one("SELECT 1 FROM repositories WHERE id = ? FOR UPDATE", repository_id)


HOLDS = (
    "(EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = repositories.id AND m.deleted_at IS NULL)"
    " AND EXISTS (SELECT 1 FROM projects p WHERE p.id = repositories.project_id AND p.deleted_at IS NULL))"
)
"""What `live` says."""


def show(tx: Transaction, repository_id: int) -> None:
    """Has the repository be listed, as it got a live manifest. To be called last but for quotas."""
    # Locked even if nothing is to be changed: else `hide` in another transaction might not see the manifest.
    row = tx.one("SELECT live, moving FROM repositories WHERE id = ? FOR NO KEY UPDATE", repository_id)
    if row is not None and row[1] is not None:
        raise Again  # It began to move into the trash in between.
    if row is not None and not row[0]:
        tx.run("UPDATE repositories SET live = TRUE WHERE id = ?", repository_id)


def hide(tx: Transaction, repository_id: int) -> None:
    """Has the repository be listed no more if its last live manifest has gone. To be called last but for quotas."""
    tx.one("SELECT 1 FROM repositories WHERE id = ? FOR NO KEY UPDATE", repository_id)
    # A statement of its own, which sees what was committed while the lock was waited for.
    tx.run(f"UPDATE repositories SET live = FALSE WHERE id = ? AND live AND NOT {HOLDS}", repository_id)


def name_in(tx: Transaction, project_id: int, repository_id: int) -> str | None:
    """The name of the project's repository of that id; None if it holds nothing, or is no such."""
    find = "SELECT name FROM repositories WHERE id = ? AND project_id = ? AND live"
    row = tx.one(find, repository_id, project_id)
    return None if row is None else str(row[0])


def page_of_project(tx: Transaction, project_id: int, after: int, count: int) -> list[tuple[int, str]]:
    """Ids and names of the project's repositories that hold something, those whose ids are greater than `after`."""
    rows = tx.all(
        "SELECT r.id, r.name FROM repositories r WHERE r.project_id = ? AND r.id > ? AND r.live ORDER BY r.id LIMIT ?",
        project_id,
        after,
        count,
    )
    return [(row[0], row[1]) for row in rows]


def page_of_all(tx: Transaction, after: str, count: int) -> list[str]:
    """Names of repositories that hold something, in order, those greater than `after`."""
    rows = tx.all("SELECT r.name FROM repositories r WHERE r.name > ? AND r.live ORDER BY r.name LIMIT ?", after, count)
    return [row[0] for row in rows]


def page_of_member(tx: Transaction, user_id: int, after: str, count: int) -> list[str]:
    """As `page_of_all`, of public projects and those the user is a member of."""
    rows = tx.all(
        "SELECT r.name FROM repositories r JOIN projects p ON p.id = r.project_id"
        " WHERE r.name > ? AND r.live AND (p.public OR EXISTS"
        " (SELECT 1 FROM members m WHERE m.project_id = p.id AND (m.user_id = ?"
        "  OR m.group_id IN (SELECT g.group_id FROM group_members g WHERE g.user_id = ?)))) ORDER BY r.name LIMIT ?",
        after,
        user_id,
        user_id,
        count,
    )
    return [row[0] for row in rows]


def page_of_public(tx: Transaction, after: str, count: int) -> list[str]:
    """As `page_of_all`, of public projects only."""
    rows = tx.all(
        "SELECT r.name FROM repositories r JOIN projects p ON p.id = r.project_id"
        " WHERE r.name > ? AND r.live AND p.public ORDER BY r.name LIMIT ?",
        after,
        count,
    )
    return [row[0] for row in rows]


def sweep(tx: Transaction, count: int) -> int:
    """How many of up to `count` repositories without a project were removed, for nothing belongs to them any more."""
    rows = tx.all(
        f"SELECT r.id FROM repositories r WHERE r.project_id IS NULL AND NOT ({_ANYTHING}) ORDER BY r.id LIMIT ?"
        " FOR UPDATE OF r SKIP LOCKED",
        count,
    )
    for row in rows:
        tx.run("DELETE FROM repositories WHERE id = ?", row[0])
    return len(rows)


def sweep_due(tx: Transaction) -> bool:
    """Whether `sweep` would find any."""
    find = f"SELECT 1 FROM repositories r WHERE r.project_id IS NULL AND NOT ({_ANYTHING}) LIMIT 1"
    return tx.one(find) is not None


_ANYTHING = (
    "EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = r.id)"
    " OR EXISTS (SELECT 1 FROM repository_blobs b WHERE b.repository_id = r.id)"
    " OR EXISTS (SELECT 1 FROM uploads u WHERE u.repository_id = r.id)"
)


def is_empty(tx: Transaction, repository_id: int) -> bool:
    """Whether the repository holds no live manifest."""
    find = "SELECT 1 FROM manifests WHERE repository_id = ? AND deleted_at IS NULL LIMIT 1"
    return tx.one(find, repository_id) is None
