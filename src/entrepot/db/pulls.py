"""When and how often things were pulled."""

from collections.abc import Mapping

from entrepot.db.contract import Transaction


def count(tx: Transaction, repositories: Mapping[int, int]) -> None:
    """Adds to the pull counts of repositories, by id. What is gone is passed over."""
    for repository_id, pulls in sorted(repositories.items()):
        tx.run("UPDATE repositories SET pull_count = pull_count + ? WHERE id = ?", pulls, repository_id)


def stamp_manifests(tx: Transaction, times: Mapping[int, int]) -> None:
    """Has each manifest, by id, pulled no earlier than the time."""
    for manifest_id, at in sorted(times.items()):
        tx.run(
            "UPDATE manifests SET pulled_at = ? WHERE id = ? AND (pulled_at IS NULL OR pulled_at < ?)",
            at,
            manifest_id,
            at,
        )


def stamp_tags(tx: Transaction, times: Mapping[tuple[int, str], int]) -> None:
    """Has each tag, by the repository's id and its name, pulled no earlier than the time."""
    for (repository_id, name), at in sorted(times.items()):
        tx.run(
            "UPDATE tags SET pulled_at = ? WHERE repository_id = ? AND name = ?"
            " AND (pulled_at IS NULL OR pulled_at < ?)",
            at,
            repository_id,
            name,
            at,
        )
