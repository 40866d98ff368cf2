"""A registry to be stressed: where it is, and its real operations on a database and a store of one process."""

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import structlog

from entrepot.access.local import SHELL
from entrepot.db import projects, repositories
from entrepot.db.contract import Database, Transaction
from entrepot.db.migrate import migrate_postgresql, migrate_sqlite
from entrepot.db.postgresql import PostgresqlDatabase
from entrepot.db.sqlite import SqliteDatabase
from entrepot.model.grant import Principal, Proof, RepositoryGrant
from entrepot.model.project import Action, Project
from entrepot.model.reference import RepositoryName
from entrepot.registry.blobs import Blobs
from entrepot.registry.manifests import Manifests
from entrepot.registry.pulls import Pulls
from entrepot.registry.rules import SECOND, Rules
from entrepot.registry.tag_history import TagHistory
from entrepot.registry.tags import Tags
from entrepot.registry.trash import Trash
from entrepot.registry.uploads import Uploads
from entrepot.storage.contract import Storage
from entrepot.storage.open import open_storage
from entrepot.tasks.collect import Collector
from stress.options import Options

SHARED = tuple(f"{project}/part-{number}" for number in range(10) for project in ("north", "east", "south", "west"))
"""Where everybody pushes, the most used first."""
CONNECTIONS = 4
AHEAD = 3
"""Keys that each process has at hand: few, so that it runs out of them all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the registry's state is. Can be sent to other processes."""

    database: str
    """A PostgreSQL URL, or the path of an SQLite file."""
    storage: str


@dataclass(frozen=True, slots=True)
class Ground:
    """The repositories by name, made before anything starts. Can be sent to other processes."""

    repositories: dict[str, tuple[Project, int]]


def quiet() -> None:
    """Keeps the registry's own log to what went wrong."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def rules(options: Options) -> Rules:
    """The registry's settings for a run."""
    return Rules(
        lease=int(options.lease * SECOND),
        reader_grace=int(options.grace * SECOND),
        trash=int(options.trash * SECOND),
        upload_expiry=int(options.upload_expiry * SECOND),
    )


def migrate(place: Place) -> None:
    """Returns when the database has its schema."""
    if place.database.startswith("postgresql:"):
        migrate_postgresql(place.database)
    else:
        migrate_sqlite(Path(place.database))


def open_database(place: Place) -> Database:
    """The database, of this process alone."""
    if place.database.startswith("postgresql:"):
        return PostgresqlDatabase(place.database, CONNECTIONS)
    return SqliteDatabase(Path(place.database))


async def prepare(db: Database, scratch: int) -> Ground:
    """Makes the projects and repositories: the shared ones, and as many that belong to one task each."""
    names = [*SHARED, *(scratch_name(number) for number in range(scratch))]

    def change(tx: Transaction) -> dict[str, tuple[Project, int]]:
        made: dict[str, tuple[Project, int]] = {}
        for name in names:
            project_name = RepositoryName.parse(name).project
            project = projects.find(tx, project_name) or projects.insert(tx, project_name, False, None, 0, "")
            assert project is not None
            made[name] = (project, repositories.ensure(tx, project.id, name, SHELL))
        return made

    return Ground(await db.write(change))


def scratch_name(number: int) -> str:
    """The repository that only the task of that number uses."""
    return f"south/scratch-{number}"


class House:
    """The operations, as a server process has them."""

    def __init__(self, db: Database, storage: Storage, rules: Rules, ground: Ground, worker: str = "stress") -> None:
        self.db = db
        self.storage = storage
        self.rules = rules
        self.blobs = Blobs(db, storage, rules)
        self.uploads = Uploads(db, storage, rules, ahead=AHEAD)
        self.manifests = Manifests(db, storage, rules, Pulls(db))
        self.tags = Tags(db)
        self.trash = Trash(db, rules)
        self.tag_history = TagHistory(db, self.manifests)
        self.collector = Collector(db, storage, rules)
        self._ground = ground
        self._principal = Principal(user_id=None, name=worker, admin=False, proof=Proof.ITSELF)

    def grant(self, repository: str) -> RepositoryGrant:
        """The right to do everything in the repository."""
        project, repository_id = self._ground.repositories[repository]
        return RepositoryGrant(
            principal=self._principal,
            project=project,
            name=RepositoryName(repository),
            repository_id=repository_id,
            actions=frozenset(Action),
        )

    async def close(self) -> None:
        """Frees connections and threads."""
        await self.uploads.close()
        await self.db.close()
        await self.storage.close()


def open_house(place: Place, rules: Rules, ground: Ground, worker: str = "stress") -> House:
    """The registry, opened by this process."""
    return House(open_database(place), open_storage(place.storage, Path()), rules, ground, worker)
