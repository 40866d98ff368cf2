"""Rules by which tags are immutable."""

import json
from typing import NamedTuple

from entrepot.db.contract import Row, Transaction
from entrepot.db.listing import Column, Kind, Listing, rows
from entrepot.model.immutability import ImmutableRule
from entrepot.model.query import ListQuery
from entrepot.model.rule_text import immutable_rule_of, plain_selectors

_COLUMNS = "i.id, i.selectors, i.priority, i.disabled"
_LISTING = Listing(
    select=_COLUMNS,
    source="FROM immutable_rules i",
    columns={
        "id": Column("i.id", Kind.NUMBER),
        "project_id": Column("i.project_id", Kind.NUMBER),
        "tag_filter": Column("i.selectors"),
        "disabled": Column("i.disabled", Kind.TRUTH),
    },
    order="i.id",
    unique="i.id",
)


class Place(NamedTuple):
    """Where a tag is, as rules see it."""

    repository: str
    """The repository's name without the project's."""
    rules: list[ImmutableRule]
    """Those that count there."""


def insert(tx: Transaction, project_id: int, rule: ImmutableRule) -> int | None:
    """The id of the rule, which counts from now on; None if the project has one about the same."""
    row = tx.one(
        "INSERT INTO immutable_rules (project_id, selectors, priority, disabled, created_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (project_id, selectors) DO NOTHING RETURNING id",
        project_id,
        _text(rule),
        rule.priority,
        rule.disabled,
        tx.now,
    )
    return None if row is None else int(row[0])


def is_taken(tx: Transaction, project_id: int, rule: ImmutableRule) -> bool:
    """Whether another rule of the project is about the same."""
    find = "SELECT 1 FROM immutable_rules WHERE project_id = ? AND selectors = ? AND id <> ?"
    return tx.one(find, project_id, _text(rule), rule.id) is not None


def update(tx: Transaction, rule: ImmutableRule) -> None:
    """Has the rule of that id be so from now on."""
    tx.run(
        "UPDATE immutable_rules SET selectors = ?, priority = ?, disabled = ? WHERE id = ?",
        _text(rule),
        rule.priority,
        rule.disabled,
        rule.id,
    )


def delete(tx: Transaction, rule_id: int) -> None:
    """Removes the rule."""
    tx.run("DELETE FROM immutable_rules WHERE id = ?", rule_id)


def count(tx: Transaction, project_id: int) -> int:
    """How many rules the project has."""
    row = tx.one("SELECT count(*) FROM immutable_rules WHERE project_id = ?", project_id)
    assert row is not None
    return int(row[0])


def find(tx: Transaction, project_id: int, rule_id: int) -> ImmutableRule | None:
    """The project's rule of that id."""
    row = tx.one(f"SELECT {_COLUMNS} FROM immutable_rules i WHERE i.id = ? AND i.project_id = ?", rule_id, project_id)
    return None if row is None else _rule(row)


def page(tx: Transaction, project_id: int, query: ListQuery) -> tuple[list[ImmutableRule], int]:
    """A page of the project's rules, and how many there are."""
    found, total = rows(tx, _LISTING, query, ["i.project_id = ?"], [project_id])
    return [_rule(row) for row in found], total


def counting_in_project(tx: Transaction, project_id: int) -> list[ImmutableRule]:
    """The project's rules that are not disabled."""
    found = tx.all(
        f"SELECT {_COLUMNS} FROM immutable_rules i WHERE i.project_id = ? AND NOT i.disabled ORDER BY i.id", project_id
    )
    return [_rule(row) for row in found]


def counting_in(tx: Transaction, repository_id: int) -> Place | None:
    """The rules that count in a repository; None if there is none."""
    found = tx.all(
        f"SELECT r.name, {_COLUMNS} FROM repositories r JOIN immutable_rules i ON i.project_id = r.project_id"
        " WHERE r.id = ? AND NOT i.disabled ORDER BY i.id",
        repository_id,
    )
    if not found:
        return None
    repository = found[0][0].partition("/")[2]
    counting = [rule for rule in (_rule(row[1:]) for row in found) if rule.concerns(repository)]
    return Place(repository, counting) if counting else None


def _text(rule: ImmutableRule) -> str:
    return json.dumps(plain_selectors(rule), separators=(",", ":"))


def _rule(row: Row) -> ImmutableRule:
    return immutable_rule_of(row[0], json.loads(row[1]), row[2], bool(row[3]))
