"""What Harbor calls a project's metadata: settings by name, as text."""

from collections.abc import Iterable, Mapping

from entrepot.db.contract import Transaction


def of_projects(tx: Transaction, project_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """The metadata of each of the projects, but for what is a column of the project."""
    wanted = sorted(set(project_ids))
    found: dict[int, dict[str, str]] = {project_id: {} for project_id in wanted}
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        rows = tx.all(
            "SELECT project_id, name, value FROM project_metadata"
            f" WHERE project_id IN ({','.join('?' * len(some))}) ORDER BY name",
            *some,
        )
        for project_id, name, value in rows:
            found[project_id][name] = value
    return found


def put(tx: Transaction, project_id: int, values: Mapping[str, str]) -> None:
    """Sets these; the others stay."""
    for name, value in values.items():
        tx.run(
            "INSERT INTO project_metadata (project_id, name, value) VALUES (?, ?, ?)"
            " ON CONFLICT (project_id, name) DO UPDATE SET value = excluded.value",
            project_id,
            name,
            value,
        )


def delete(tx: Transaction, project_id: int, name: str) -> bool:
    """Whether it was set; now it is not."""
    return tx.run("DELETE FROM project_metadata WHERE project_id = ? AND name = ?", project_id, name) == 1
