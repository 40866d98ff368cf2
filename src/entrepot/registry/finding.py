"""Finding things anywhere by what they are called, of those that the asker may know of."""

import re
from dataclasses import dataclass

from entrepot.db import finding, project_lists
from entrepot.db.contract import Database, Transaction
from entrepot.db.finding import FoundArtifact, FoundLabel, FoundTag
from entrepot.db.project_lists import ProjectRow
from entrepot.model.grant import CatalogGrant

MOST_FOUND = 20
"""Of each kind."""
LONGEST = 255
_DIGEST = re.compile(r"(?:(sha256|sha512):)?([0-9a-f]{7,128})").fullmatch
_CODES = {"sha256": (b"\x01", 64), "sha512": (b"\x02", 128)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found, `MOST_FOUND` of each at most."""

    projects: list[ProjectRow]
    repositories: list[str]
    """Names."""
    tags: list[FoundTag]
    artifacts: list[FoundArtifact]
    labels: list[FoundLabel]


class Finding:
    """Searches. Reads, and changes nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, grant: CatalogGrant, text: str, count: int = MOST_FOUND) -> Found:
        """Projects, repositories and labels whose names hold the text, tags that begin with it, artifacts by digest.

        A digest is whole, or its beginning of 7 characters or more. Each kind is of one committed state, and `count`
        of it at most.
        """
        sought = text[:LONGEST].replace("\0", "")
        visible = project_lists.visible_to(grant.principal, everything=grant.everything)
        bounds = digest_bounds(sought)

        def names(tx: Transaction) -> tuple[list[ProjectRow], list[str]]:
            return (
                project_lists.search(tx, visible, sought, count),
                finding.repositories(tx, visible, sought, count),
            )

        def rest(tx: Transaction) -> tuple[list[FoundTag], list[FoundArtifact], list[FoundLabel]]:
            return (
                finding.tags(tx, visible, sought, count),
                finding.artifacts(tx, visible, *bounds, count) if bounds else [],
                finding.labels(tx, visible, sought, count),
            )

        projects, repositories = await self._db.read(names)
        tags, artifacts, labels = await self._db.read(rest)
        return Found(projects=projects, repositories=repositories, tags=tags, artifacts=artifacts, labels=labels)


def digest_bounds(text: str) -> tuple[bytes, bytes] | None:
    """The least and the most packed digest that begin so; None if the text is not the beginning of one."""
    match = _DIGEST(text.strip().lower())
    if match is None:
        return None
    algorithm = match[1] or ("sha256" if len(match[2]) <= 64 else "sha512")
    code, length = _CODES[algorithm]
    if len(match[2]) > length:
        return None
    return code + bytes.fromhex(match[2].ljust(length, "0")), code + bytes.fromhex(match[2].ljust(length, "f"))
