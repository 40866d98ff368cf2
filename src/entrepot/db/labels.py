"""Labels, of all projects or of one, and the artifacts that bear them."""

from collections.abc import Iterable
from typing import NamedTuple

from entrepot.db.contract import Transaction
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.model.query import ListQuery

COLUMNS = "l.id, l.project_id, l.name, l.description, l.color, l.created_at, l.updated_at"


class Label(NamedTuple):
    """A label."""

    id: int
    project_id: int | None
    """None: of all projects."""
    name: str
    description: str
    color: str
    created_at: int
    updated_at: int


def find(tx: Transaction, label_id: int) -> Label | None:
    """The label of that id."""
    row = tx.one(f"SELECT {COLUMNS} FROM labels l WHERE l.id = ?", label_id)
    return None if row is None else Label(*row)


_LISTING = Listing(
    select=COLUMNS,
    source="FROM labels l",
    columns={
        "id": Column("l.id", Kind.NUMBER),
        "name": Column("l.name"),
        "description": Column("l.description"),
        "color": Column("l.color"),
        "creation_time": Column("l.created_at", Kind.TIME),
        "update_time": Column("l.updated_at", Kind.TIME),
    },
    order="l.name, l.id",
    unique="l.id",
)


def page(tx: Transaction, project_id: int | None, query: ListQuery) -> tuple[list[Label], int]:
    """A page of the labels of one project, or of those of all projects; and how many there are."""
    condition, values = ("l.project_id IS NULL", ()) if project_id is None else ("l.project_id = ?", (project_id,))
    found, total = rows(tx, _LISTING, query, [condition], values)
    return [Label(*row) for row in found], total


def insert(tx: Transaction, project_id: int | None, name: str, description: str, color: str) -> Label | None:
    """The label, now there; None if the name is taken in the project, or among those of all projects."""
    row = tx.one(
        "INSERT INTO labels (project_id, name, description, color, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING RETURNING id",
        project_id,
        name,
        description,
        color,
        tx.now,
        tx.now,
    )
    return None if row is None else find(tx, row[0])


def is_taken(tx: Transaction, project_id: int | None, name: str, but: int) -> bool:
    """Whether another label than `but` has the name in the project, or among those of all projects."""
    condition = "project_id IS NULL" if project_id is None else "project_id = ?"
    values = () if project_id is None else (project_id,)
    return tx.one(f"SELECT 1 FROM labels WHERE name = ? AND id <> ? AND {condition}", name, but, *values) is not None


def update(tx: Transaction, label_id: int, name: str, description: str, color: str) -> None:
    """Gives the label this name, description and color."""
    tx.run(
        "UPDATE labels SET name = ?, description = ?, color = ?, updated_at = ? WHERE id = ?",
        name,
        description,
        color,
        tx.now,
        label_id,
    )


def delete(tx: Transaction, label_id: int) -> None:
    """Removes the label, also from the artifacts that bear it."""
    tx.run("DELETE FROM labels WHERE id = ?", label_id)


def put_on(tx: Transaction, label_id: int, manifest_id: int) -> bool:
    """Whether the artifact bears the label now and did not before."""
    statement = "INSERT INTO artifact_labels (manifest_id, label_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
    return tx.run(statement, manifest_id, label_id) == 1


def take_off(tx: Transaction, label_id: int, manifest_id: int) -> bool:
    """Whether the artifact bore the label; now it does not."""
    return tx.run("DELETE FROM artifact_labels WHERE manifest_id = ? AND label_id = ?", manifest_id, label_id) == 1


def of_artifacts(tx: Transaction, manifest_ids: Iterable[int]) -> dict[int, list[Label]]:
    """The labels that each of the artifacts bears, by name."""
    wanted = sorted(set(manifest_ids))
    found: dict[int, list[Label]] = {manifest_id: [] for manifest_id in wanted}
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        rows = tx.all(
            f"SELECT a.manifest_id, {COLUMNS} FROM artifact_labels a JOIN labels l ON l.id = a.label_id"
            f" WHERE a.manifest_id IN ({','.join('?' * len(some))}) ORDER BY l.name, l.id",
            *some,
        )
        for row in rows:
            found[row[0]].append(Label(*row[1:]))
    return found


def bearers(tx: Transaction, label_ids: Iterable[int]) -> dict[int, int]:
    """How many artifacts bear each of the labels, those in the trash included; labels that none bears are left out."""
    wanted = sorted(set(label_ids))
    if not wanted:
        return {}
    marks = ",".join("?" * len(wanted))
    statement = f"SELECT label_id, count(*) FROM artifact_labels WHERE label_id IN ({marks}) GROUP BY label_id"
    return {int(label_id): int(number) for label_id, number in tx.all(statement, *wanted)}
