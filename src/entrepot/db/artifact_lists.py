"""Lists of artifacts: which of a repository's manifests are shown, and what is told of each beside its own row.

Accessories are never listed. What a live index names is hidden unless it has a tag, or everything is asked for.
"""

from collections.abc import Iterable
from typing import NamedTuple

from entrepot.db.contract import Row, Transaction
from entrepot.db.listing import Column, Kind, Listing, contains, rows
from entrepot.db.project_lists import Visibility
from entrepot.model.digest import Digest
from entrepot.model.errors import Invalid
from entrepot.model.query import AllOf, Condition, Contains, Exactly, ListQuery

SOME = 500
LARGEST_BODY = 64 * 1024
"""Bytes of a manifest of which a list tells annotations and platforms; of larger ones it does not."""


class ArtifactRow(NamedTuple):
    """An artifact."""

    id: int
    repository_id: int
    repository_name: str
    project_id: int
    digest: Digest
    media_type: str
    artifact_type: str
    config_type: str
    kind: str
    size: int
    attributes: str
    """JSON."""
    accessory: str | None
    icon: Digest | None
    pushed_at: int
    pulled_at: int | None
    body: bytes
    """Empty if it is larger than was asked for."""


class TagRow(NamedTuple):
    """A tag of an artifact."""

    id: int
    repository_id: int
    manifest_id: int
    name: str
    updated_at: int
    pulled_at: int | None
    immutable: bool = False
    """Whether a rule of its project makes it so, if that was asked for."""


class AccessoryRow(NamedTuple):
    """What belongs to another artifact."""

    id: int
    subject_id: int
    subject_digest: Digest
    digest: Digest
    kind: str
    size: int
    pushed_at: int
    artifact_type: str
    """As among referrers; empty if nothing says it."""


def _columns(largest: int) -> str:
    return (
        "m.id, m.repository_id, r.name, r.project_id, m.digest, m.media_type, m.artifact_type, m.config_type, m.kind,"
        " m.size, m.attributes, m.accessory, m.icon, m.pushed_at, m.pulled_at,"
        f" CASE WHEN length(m.body) <= {largest} THEN m.body END"
    )


_KEYS = {
    "id": Column("m.id", Kind.NUMBER),
    "type": Column("m.kind"),
    "media_type": Column("m.config_type"),
    "manifest_media_type": Column("m.media_type"),
    "artifact_type": Column("m.artifact_type"),
    "repository_id": Column("m.repository_id", Kind.NUMBER),
    "repository_name": Column("(SELECT n.name FROM repositories n WHERE n.id = m.repository_id)"),
    "size": Column("m.size", Kind.NUMBER),
    "push_time": Column("m.pushed_at", Kind.TIME),
    "pull_time": Column("m.pulled_at", Kind.TIME),
}
_LISTING = Listing(
    select=_columns(LARGEST_BODY),
    source="FROM manifests m",
    joined="JOIN repositories r ON r.id = m.repository_id",
    columns=_KEYS,
    order="m.pushed_at DESC, m.id DESC",
    unique="m.id",
)
_TAGS = Listing(
    select="t.id, t.repository_id, t.manifest_id, t.name, t.updated_at, t.pulled_at",
    source="FROM tags t",
    columns={
        "id": Column("t.id", Kind.NUMBER),
        "name": Column("t.name"),
        "artifact_id": Column("t.manifest_id", Kind.NUMBER),
        "repository_id": Column("t.repository_id", Kind.NUMBER),
        "push_time": Column("t.updated_at", Kind.TIME),
        "pull_time": Column("t.pulled_at", Kind.TIME),
    },
    order="t.updated_at DESC, t.id DESC",
    unique="t.id",
)
_ACCESSORIES = Listing(
    select="m.id, s.id, m.accessory_of, m.digest, m.accessory, m.size, m.pushed_at, m.artifact_type, m.config_type",
    source="FROM manifests m JOIN manifests s ON s.repository_id = m.repository_id AND s.digest = m.accessory_of",
    columns={
        "id": Column("m.id", Kind.NUMBER),
        "type": Column("m.accessory"),
        "size": Column("m.size", Kind.NUMBER),
        "creation_time": Column("m.pushed_at", Kind.TIME),
    },
    order="m.id",
    unique="m.id",
)


class _Place(NamedTuple):
    """Which repositories a list is of: a condition on the listing, and the same on tags, each with one value."""

    condition: str
    of_tags: str
    id: int


def page(tx: Transaction, repository_id: int, query: ListQuery) -> tuple[list[ArtifactRow], int]:
    """A page of the repository's artifacts, the newest first, and how many there are. Raises Invalid."""
    return _page(tx, _Place("m.repository_id = ?", "t.repository_id = ?", repository_id), query)


def page_of_project(
    tx: Transaction, project_id: int, query: ListQuery, *, newest_of: str | None = None
) -> tuple[list[ArtifactRow], int]:
    """A page of the artifacts of all the project's repositories; raises Invalid.

    With `newest_of`, a key that the query has one value of, only the newest such artifact of each repository.
    """
    in_project = "t.repository_id IN (SELECT i.id FROM repositories i WHERE i.project_id = ? AND i.moving IS NULL)"
    place = _Place(in_project.replace("t.", "m."), in_project, project_id)
    if newest_of is None:
        return _page(tx, place, query)
    wanted = query.conditions.get(newest_of)
    if not isinstance(wanted, Exactly):
        raise Invalid(f"say with {newest_of}=… of which artifacts the newest is wanted")
    column = _KEYS[newest_of].expression.replace("m.", "i.")
    newest = (
        "m.id = (SELECT i.id FROM manifests i WHERE i.repository_id = m.repository_id AND i.deleted_at IS NULL"
        f" AND i.listed AND {column} = ? ORDER BY i.pushed_at DESC, i.id DESC LIMIT 1)"
    )
    return _page(tx, place, query, newest, str(wanted.value))


def _page(
    tx: Transaction, place: _Place, query: ListQuery, only: str = "", *only_values: object
) -> tuple[list[ArtifactRow], int]:
    base = query.conditions.get("base")
    where = [place.condition, "m.deleted_at IS NULL"]
    where.append("m.accessory IS NULL" if base == Exactly("*") else "m.listed")
    values: list[object] = [place.id]
    few = _few_tagged(tx, query.conditions.get("tags"), place)
    if few is not None:
        where[0:0] = [f"m.id IN ({','.join('?' * len(few))})"]
        values[0:0] = few
    for key, about in (("digest", _about_digest), ("tags", _about_tags), ("labels", _about_labels)):
        condition = query.conditions.get(key)
        if condition is not None and not (key == "tags" and few is not None):
            text, more = about(condition, place)
            where.append(text)
            values.extend(more)
    if only:
        where.append(only)
        values.extend(only_values)
    found, total = rows(tx, _LISTING, query, where, values)
    return [_artifact(row) for row in found], total


def _about_digest(condition: Condition, _: _Place) -> tuple[str, list[object]]:
    if not isinstance(condition, Exactly):
        raise Invalid("digest takes one whole digest")
    return "m.digest = ?", [Digest.parse(str(condition.value)).packed]


def _few_tagged(tx: Transaction, condition: Condition | None, place: _Place) -> list[object] | None:
    """The artifacts that have such a tag, if they are few; None if they are many or another condition was given.

    Found once, and not twice among all artifacts of the place: for the page, and for how many there are.
    """
    if isinstance(condition, Contains):
        text, values = contains("t.name", condition.text)
    elif isinstance(condition, Exactly) and condition.value not in ("*", "nil"):
        text, values = "t.name = ?", [str(condition.value)]
    else:
        return None
    select = f"SELECT DISTINCT t.manifest_id FROM tags t WHERE {place.of_tags} AND {text} LIMIT {SOME + 1}"
    found: list[object] = [row[0] for row in tx.all(select, place.id, *values)]
    # No artifact has the id 0.
    return (found or [0]) if len(found) <= SOME else None


def _about_tags(condition: Condition, place: _Place) -> tuple[str, list[object]]:
    tagged = f"m.id IN (SELECT t.manifest_id FROM tags t WHERE {place.of_tags}"
    if isinstance(condition, Contains):
        text, values = contains("t.name", condition.text)
        return f"{tagged} AND {text})", [place.id, *values]
    if not isinstance(condition, Exactly):
        raise Invalid("tags takes * (any), nil (none), one tag, or ~ and a part of one")
    if condition.value == "*":
        return f"{tagged})", [place.id]
    if condition.value == "nil":
        return f"NOT ({tagged}))", [place.id]
    return f"{tagged} AND t.name = ?)", [place.id, str(condition.value)]


def _about_labels(condition: Condition, _: _Place) -> tuple[str, list[object]]:
    values = condition.values if isinstance(condition, AllOf) else ()
    if not values or not all(isinstance(value, int) for value in values):
        raise Invalid("labels takes the ids of labels that an artifact must bear, as (1 2)")
    bears = "m.id IN (SELECT a.manifest_id FROM artifact_labels a WHERE a.label_id = ?)"
    return " AND ".join([bears] * len(values)), list(values)


def find(tx: Transaction, repository_id: int, reference: Digest | str) -> ArtifactRow | None:
    """The live artifact of that digest, or that the tag names; with its whole manifest."""
    select = f"SELECT {_columns(1 << 62)} FROM manifests m JOIN repositories r ON r.id = m.repository_id"
    if isinstance(reference, Digest):
        condition = " WHERE m.repository_id = ? AND m.digest = ?"
    else:
        condition = " JOIN tags t ON t.manifest_id = m.id WHERE t.repository_id = ? AND t.name = ?"
    value = reference.packed if isinstance(reference, Digest) else reference
    row = tx.one(f"{select}{condition} AND m.deleted_at IS NULL", repository_id, value)
    return None if row is None else _artifact(row)


def of_ids(tx: Transaction, manifest_ids: Iterable[int]) -> dict[int, ArtifactRow]:
    """The artifacts of these ids, those that are live."""
    wanted = sorted(set(manifest_ids))
    found: dict[int, ArtifactRow] = {}
    for start in range(0, len(wanted), SOME):
        some = wanted[start : start + SOME]
        for row in tx.all(
            f"SELECT {_columns(LARGEST_BODY)} FROM manifests m JOIN repositories r ON r.id = m.repository_id"
            f" WHERE m.id IN ({','.join('?' * len(some))}) AND m.deleted_at IS NULL",
            *some,
        ):
            found[row[0]] = _artifact(row)
    return found


def _artifact(row: Row) -> ArtifactRow:
    (identifier, repository_id, name, project_id, digest, media_type, artifact_type, config_type, kind, size), rest = (
        row[:10],
        row[10:],
    )
    attributes, accessory, icon, pushed_at, pulled_at, body = rest
    return ArtifactRow(
        id=identifier,
        repository_id=repository_id,
        repository_name=name,
        project_id=project_id or 0,
        digest=Digest(bytes(digest)),
        media_type=media_type,
        artifact_type=artifact_type or "",
        config_type=config_type,
        kind=kind,
        size=size,
        attributes=attributes,
        accessory=accessory,
        icon=None if icon is None else Digest(bytes(icon)),
        pushed_at=pushed_at,
        pulled_at=pulled_at,
        body=b"" if body is None else bytes(body),
    )


def tags_of(tx: Transaction, manifest_ids: Iterable[int], most: int) -> dict[int, list[TagRow]]:
    """The tags of each of the artifacts, the newest first, `most` of each at most."""
    wanted = sorted(set(manifest_ids))
    found: dict[int, list[TagRow]] = {manifest_id: [] for manifest_id in wanted}
    for start in range(0, len(wanted), SOME):
        some = wanted[start : start + SOME]
        for row in tx.all(
            f"SELECT {_TAGS.select} FROM (SELECT t.*, row_number() OVER (PARTITION BY t.manifest_id"
            f" ORDER BY {_TAGS.order}) AS place FROM tags t WHERE t.manifest_id IN ({','.join('?' * len(some))})) t"
            " WHERE t.place <= ? ORDER BY t.manifest_id, t.place",
            *some,
            most,
        ):
            tag = TagRow(*row)
            found[tag.manifest_id].append(tag)
    return found


def page_of_tags(tx: Transaction, manifest_id: int, query: ListQuery) -> tuple[list[TagRow], int]:
    """A page of an artifact's tags, and how many there are."""
    found, total = rows(tx, _TAGS, query, ["t.manifest_id = ?"], [manifest_id])
    return [TagRow(*row) for row in found], total


def page_of_accessories(
    tx: Transaction, repository_id: int, subject: Digest, query: ListQuery
) -> tuple[list[AccessoryRow], int]:
    """A page of what belongs to an artifact, and how many there are."""
    where = ["m.repository_id = ?", "m.accessory_of = ?", "m.accessory_of IS NOT NULL", "m.deleted_at IS NULL"]
    found, total = rows(tx, _ACCESSORIES, query, where, [repository_id, subject.packed])
    return [_accessory(row) for row in found], total


def accessories_of(
    tx: Transaction, repository_id: int, subjects: Iterable[Digest], most: int
) -> dict[Digest, list[AccessoryRow]]:
    """What belongs to each of the artifacts, `most` of each at most."""
    found: dict[Digest, list[AccessoryRow]] = {subject: [] for subject in subjects}
    wanted = sorted(subject.packed for subject in found)
    for start in range(0, len(wanted), SOME):
        some = wanted[start : start + SOME]
        for row in tx.all(
            f"SELECT {_ACCESSORIES.select} FROM (SELECT m.id, m.repository_id, m.accessory_of, m.digest,"
            " m.accessory, m.size, m.pushed_at, m.artifact_type, m.config_type,"
            " row_number() OVER (PARTITION BY m.accessory_of ORDER BY m.id) AS place"
            " FROM manifests m WHERE m.repository_id = ? AND m.accessory_of IS NOT NULL"
            f" AND m.accessory_of IN ({','.join('?' * len(some))}) AND m.deleted_at IS NULL) m"
            " JOIN manifests s ON s.repository_id = m.repository_id AND s.digest = m.accessory_of"
            " WHERE m.place <= ? ORDER BY m.id",
            repository_id,
            *some,
            most,
        ):
            accessory = _accessory(row)
            found[accessory.subject_digest].append(accessory)
    return found


def ids_of(tx: Transaction, repository_id: int, digests: Iterable[Digest]) -> dict[Digest, int]:
    """The ids of those of the manifests that are live."""
    wanted = sorted({digest.packed for digest in digests})
    found: dict[Digest, int] = {}
    for start in range(0, len(wanted), SOME):
        some = wanted[start : start + SOME]
        for digest, identifier in tx.all(
            f"SELECT digest, id FROM manifests WHERE repository_id = ? AND digest IN ({','.join('?' * len(some))})"
            " AND deleted_at IS NULL",
            repository_id,
            *some,
        ):
            found[Digest(bytes(digest))] = identifier
    return found


def bearing_icon(tx: Transaction, visible: Visibility, icon: Digest) -> int | None:
    """The repository of an artifact, in a visible project, that brings that icon along."""
    condition = f" AND {visible.condition}" if visible.condition else ""
    row = tx.one(
        "SELECT m.repository_id FROM manifests m JOIN repositories r ON r.id = m.repository_id"
        " JOIN projects p ON p.id = r.project_id"
        f" WHERE m.icon = ? AND m.icon IS NOT NULL AND m.deleted_at IS NULL AND r.moving IS NULL{condition} LIMIT 1",
        icon.packed,
        *visible.values,
    )
    return None if row is None else int(row[0])


def _accessory(row: Row) -> AccessoryRow:
    what = row[7] or row[8]
    return AccessoryRow(row[0], row[1], Digest(bytes(row[2])), Digest(bytes(row[3])), row[4], row[5], row[6], what)
