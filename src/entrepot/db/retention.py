"""Policies of retention: what is kept of a project's artifacts."""

import json
from typing import NamedTuple

from entrepot.db.contract import Row, Transaction
from entrepot.model.retention import RetentionPolicy
from entrepot.model.rule_text import plain_rule, rule_of

_COLUMNS = "id, project_id, rules, cron, revision, created_at, updated_at"


class PolicyRow(NamedTuple):
    """A policy."""

    id: int
    project_id: int
    policy: RetentionPolicy
    revision: int
    created_at: int
    updated_at: int


def insert(tx: Transaction, project_id: int, policy: RetentionPolicy) -> int | None:
    """The id of the policy, now there; None if the project has one."""
    row = tx.one(
        "INSERT INTO retention_policies (project_id, rules, cron, revision, created_at, updated_at)"
        " VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT (project_id) DO NOTHING RETURNING id",
        project_id,
        _text(policy),
        policy.cron,
        tx.now,
        tx.now,
    )
    return None if row is None else int(row[0])


def update(tx: Transaction, policy_id: int, policy: RetentionPolicy) -> None:
    """Has the policy be so from now on."""
    tx.run(
        "UPDATE retention_policies SET rules = ?, cron = ?, revision = revision + 1, updated_at = ? WHERE id = ?",
        _text(policy),
        policy.cron,
        tx.now,
        policy_id,
    )


def delete(tx: Transaction, policy_id: int) -> None:
    """Removes the policy."""
    tx.run("DELETE FROM retention_policies WHERE id = ?", policy_id)


def find(tx: Transaction, policy_id: int) -> PolicyRow | None:
    """The policy of that id."""
    return _policy(tx.one(f"SELECT {_COLUMNS} FROM retention_policies WHERE id = ?", policy_id))


def lock(tx: Transaction, policy_id: int) -> PolicyRow | None:
    """As `find`, and nobody else changes it until the transaction ends."""
    return _policy(tx.one(f"SELECT {_COLUMNS} FROM retention_policies WHERE id = ? FOR UPDATE", policy_id))


def of_project(tx: Transaction, project_id: int) -> PolicyRow | None:
    """The project's policy."""
    return _policy(tx.one(f"SELECT {_COLUMNS} FROM retention_policies WHERE project_id = ?", project_id))


def _text(policy: RetentionPolicy) -> str:
    return json.dumps([plain_rule(rule) for rule in policy.rules], separators=(",", ":"))


def _policy(row: Row | None) -> PolicyRow | None:
    if row is None:
        return None
    identifier, project_id, rules, cron, *rest = row
    policy = RetentionPolicy(rules=tuple(rule_of(plain) for plain in json.loads(rules)), cron=cron)
    return PolicyRow(identifier, project_id, policy, *rest)
