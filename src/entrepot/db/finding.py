"""Tags, artifacts and labels found anywhere by what they are called: through an index, and a bounded number of rows."""

from typing import NamedTuple

from entrepot.db.contract import Transaction
from entrepot.db.listing import contains
from entrepot.db.project_lists import Visibility
from entrepot.model.digest import Digest

MOST_LOOKED_AT = 1000
"""Rows that begin with what is sought and are looked at, whether or not who asks may know of them."""
_AFTER = "\U0010ffff"


class FoundTag(NamedTuple):
    """A tag."""

    repository: str
    name: str
    digest: Digest


class FoundArtifact(NamedTuple):
    """A live manifest."""

    repository: str
    digest: Digest


class FoundLabel(NamedTuple):
    """A label of a project, or of all."""

    name: str
    color: str
    project: str
    """Empty for one of all projects."""


def repositories(tx: Transaction, visible: Visibility, text: str, count: int) -> list[str]:
    """Up to `count` repositories of visible projects: whose names begin so, then newest ones whose names hold it."""
    found = [
        str(row[0])
        for row in tx.all(
            "SELECT r.name FROM (SELECT name, project_id, live FROM repositories WHERE name >= ? AND name < ?"
            " ORDER BY name LIMIT ?) r JOIN projects p ON p.id = r.project_id"
            f" WHERE r.live AND {visible.condition} ORDER BY r.name LIMIT ?",
            text,
            text + _AFTER,
            MOST_LOOKED_AT,
            *visible.values,
            count,
        )
    ]
    if len(found) == count:
        return found
    holding, values = contains("r.name", text, lower=True)
    more = tx.all(
        "SELECT r.name FROM repositories r JOIN projects p ON p.id = r.project_id"
        f" WHERE {holding} AND r.live AND {visible.condition} ORDER BY r.id DESC LIMIT ?",
        *values,
        *visible.values,
        count,
    )
    return list(dict.fromkeys([*found, *(str(row[0]) for row in more)]))[:count]


def tags(tx: Transaction, visible: Visibility, start: str, count: int) -> list[FoundTag]:
    """Up to `count` tags of visible projects whose names begin so, by name: those of that very name first."""
    found = tx.all(
        "SELECT r.name, t.name, m.digest FROM (SELECT name, repository_id, manifest_id FROM tags"
        " WHERE name >= ? AND name < ? ORDER BY name LIMIT ?) t"
        " JOIN repositories r ON r.id = t.repository_id JOIN projects p ON p.id = r.project_id"
        " JOIN manifests m ON m.id = t.manifest_id"
        f" WHERE {visible.condition} ORDER BY t.name, r.name LIMIT ?",
        start,
        start + _AFTER,
        MOST_LOOKED_AT,
        *visible.values,
        count,
    )
    return [FoundTag(str(row[0]), str(row[1]), Digest(bytes(row[2]))) for row in found]


def artifacts(tx: Transaction, visible: Visibility, least: bytes, most: bytes, count: int) -> list[FoundArtifact]:
    """Up to `count` live manifests of visible projects whose packed digests lie between, both included."""
    found = tx.all(
        "SELECT r.name, m.digest FROM (SELECT digest, repository_id, deleted_at FROM manifests"
        " WHERE digest >= ? AND digest <= ? ORDER BY digest LIMIT ?) m"
        " JOIN repositories r ON r.id = m.repository_id JOIN projects p ON p.id = r.project_id"
        f" WHERE m.deleted_at IS NULL AND {visible.condition} ORDER BY m.digest, r.name LIMIT ?",
        least,
        most,
        MOST_LOOKED_AT,
        *visible.values,
        count,
    )
    return [FoundArtifact(str(row[0]), Digest(bytes(row[1]))) for row in found]


def labels(tx: Transaction, visible: Visibility, text: str, count: int) -> list[FoundLabel]:
    """Up to `count` labels of all projects, and of visible ones, whose names hold the text."""
    holding, values = contains("l.name", text)
    found = tx.all(
        "SELECT l.name, l.color, coalesce(p.name, '') FROM labels l LEFT JOIN projects p ON p.id = l.project_id"
        f" WHERE {holding} AND (l.project_id IS NULL OR {visible.condition}) ORDER BY l.name, l.id LIMIT ?",
        *values,
        *visible.values,
        count,
    )
    return [FoundLabel(*map(str, row)) for row in found]
