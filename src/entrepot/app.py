"""The wiring: which parts there are, and what each is given. Nothing else makes them."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from entrepot.access.first_start import FirstStart, first_start
from entrepot.access.gate import Gate
from entrepot.access.keys import Keys
from entrepot.access.local import SHELL
from entrepot.access.management import ManagementGate
from entrepot.access.passwords import Passwords
from entrepot.access.sessions import Sessions
from entrepot.access.tokens import Tokens
from entrepot.access.turnstile import Turnstile
from entrepot.api.harbor.app import HarborApp, served
from entrepot.api.oci.app import OciApp
from entrepot.api.oci.at_once import AtOnce
from entrepot.api.token.app import TokenApp
from entrepot.config import Settings
from entrepot.db import quarantine, scrubs
from entrepot.db.contract import AtHand, Database, Transaction
from entrepot.db.open import open_database
from entrepot.jobs.sweep import sweep
from entrepot.jobs.task import Tasks
from entrepot.model.errors import Invalid
from entrepot.registry.accounts import Accounts
from entrepot.registry.allowlists import Allowlists
from entrepot.registry.arrivals import Arrivals
from entrepot.registry.artifacts import Artifacts
from entrepot.registry.audit import Audit
from entrepot.registry.blobs import Blobs
from entrepot.registry.catalog import Catalog
from entrepot.registry.configuration import Configuration
from entrepot.registry.copies import Copies
from entrepot.registry.directory import Directory
from entrepot.registry.finding import Finding
from entrepot.registry.forecast import Forecasts
from entrepot.registry.fresh_keys import AHEAD
from entrepot.registry.groups import Groups
from entrepot.registry.holds import Holds
from entrepot.registry.image_comparison import ImageComparison
from entrepot.registry.images import Images
from entrepot.registry.immutable_rules import ImmutableRules
from entrepot.registry.job_monitor import JobMonitor
from entrepot.registry.jobs import Jobs
from entrepot.registry.labels import Labels
from entrepot.registry.layer_cache import LayerCache
from entrepot.registry.layer_files import LayerFiles
from entrepot.registry.layered import Layered
from entrepot.registry.layers import ImageLayers
from entrepot.registry.limits import Limits
from entrepot.registry.manifests import Manifests
from entrepot.registry.memberships import Memberships
from entrepot.registry.people import People
from entrepot.registry.pictures import Pictures
from entrepot.registry.previews import Previews
from entrepot.registry.project_changes import ProjectChanges
from entrepot.registry.projects import Projects
from entrepot.registry.pulls import Pulls
from entrepot.registry.quarantine import Quarantine
from entrepot.registry.readings import Readings
from entrepot.registry.repositories import Repositories
from entrepot.registry.retention import Retention
from entrepot.registry.retention_runs import RetentionRuns
from entrepot.registry.robots import Robots
from entrepot.registry.rules import Rules
from entrepot.registry.small_blobs import SmallBlobs
from entrepot.registry.tag_history import TagHistory
from entrepot.registry.tags import Tags
from entrepot.registry.trash import Trash
from entrepot.registry.uploads import Uploads
from entrepot.registry.usage import Usage
from entrepot.server.service import Asgi, Gauge, Receive, Scope, Send
from entrepot.storage.contract import Key, Storage
from entrepot.storage.open import open_storage, provider_of
from entrepot.tasks.collect import Collector
from entrepot.tasks.forward import Destination, Forwarder, to_file, to_syslog
from entrepot.tasks.garbage import GarbageCollection
from entrepot.tasks.index_layers import IndexLayers
from entrepot.tasks.prove import Prover
from entrepot.tasks.purge_audit import purge_audit
from entrepot.tasks.repair import Repairer
from entrepot.tasks.retain import Retain
from entrepot.tasks.scrub import Pace, Scrubber
from entrepot.tasks.scrub_job import ScrubJob
from entrepot.tasks.seal import Sealer
from entrepot.web.app import WebApp
from entrepot.wire.parts import Parts
from entrepot.wire.ready import Quick

Probes = Mapping[str, Callable[[], Awaitable[None]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A registry that was opened: what commands and workers work with."""

    settings: Settings
    rules: Rules
    db: Database
    storage: Storage
    first_start: FirstStart
    people: People
    projects: Projects
    gate: Gate
    keys: Keys
    passwords: Passwords
    tokens: Tokens
    prover: Prover
    repairer: Repairer
    """For commands: it acts for whoever is at the machine."""
    pulls: Pulls
    usage: Usage
    small: SmallBlobs = field(default_factory=SmallBlobs)


def rules_of(settings: Settings) -> Rules:
    """What operations go by."""
    return Rules(
        lease=_microseconds(settings.lease),
        reader_grace=_microseconds(settings.reader_grace),
        trash=_microseconds(settings.trash),
        tag_history=_microseconds(settings.tag_history),
        upload_expiry=_microseconds(settings.upload_expiry),
        largest_blob=settings.max_blob_size,
        sparse_indexes=settings.sparse_indexes,
        redirect=settings.storage_redirect,
        index_pushed=settings.index_layers == "pushed",
    )


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """The registry that the settings name, its first start done; closed on leaving.

    Raises EntrepotError or ValueError with a sentence if something cannot be opened.
    """
    settings.make_data_folder()
    db = open_database(settings.database, settings.data)
    try:
        storage = open_storage(settings.storage, settings.data)
        passwords = Passwords()
        try:
            started = await first_start(db, settings.admin_password or None, settings.data)
            rules, keys, pulls = rules_of(settings), Keys(db), Pulls(db)
            tokens = Tokens(keys, int(settings.token_lifetime.total_seconds()))
            yield House(
                settings=settings,
                rules=rules,
                db=db,
                storage=storage,
                first_start=started,
                people=People(db, passwords),
                projects=Projects(db, rules),
                gate=Gate(db, passwords, tokens),
                keys=keys,
                passwords=passwords,
                tokens=tokens,
                prover=Prover(db, storage, sparse_indexes=rules.sparse_indexes),
                repairer=Repairer(db, storage, SHELL),
                pulls=pulls,
                usage=Usage(db),
            )
            await pulls.close()
        finally:
            await passwords.close()
            await storage.close()
    finally:
        await db.close()


class RegistryService:
    """What one worker process serves; a `server.service.Service`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened = open_house(settings)
        self._house: House | None = None
        self._edges: Edges | None = None

    async def start(self) -> Asgi:
        """The application, on a database and a store of its own. Raises EntrepotError."""
        house = self._house = await self._opened.__aenter__()
        self._edges = route(house, self.probes)
        return self._edges

    @property
    def quick(self) -> Quick | None:
        """What answers the most frequent requests at once; nothing does unless the database is at hand."""
        house = self._opened_house()
        if not isinstance(house.db, AtHand):
            return None
        house.db.draw_near()
        at_hand = Readings(house.db, house.storage, house.rules, house.small)
        return AtOnce(house.db, Turnstile(house.db, house.tokens), at_hand, house.pulls)

    @property
    def probes(self) -> Probes:
        """Whether the database answers, and whether the store does."""
        return {"database": self._ask_database, "storage": self._ask_storage}

    async def gauges(self) -> list[Gauge]:
        """What is set aside, and how far the reading again of everything has come. Raises DatabaseFailed."""
        return await self._opened_house().db.read(_gauges)

    async def run_tasks(self, stop: asyncio.Event) -> None:
        """Collects, scrubs, and seals the audit, until told to stop."""
        house = self._opened_house()
        every = self._settings.collect_every.total_seconds()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Collector(house.db, house.storage, house.rules).run(stop, every))
            tasks.create_task(Scrubber(house.db, house.storage, _pace(self._settings)).run(stop))
            tasks.create_task(Sealer(house.db).run(stop))
            tasks.create_task(Forwarder(house.db, lambda: _destinations(house)).run(stop))

    def closing(self) -> None:
        """Ends the streams of open pages, which come back by themselves."""
        if self._edges is not None:
            self._edges.web.close()

    async def stop(self) -> None:
        """Closes what `start` opened."""
        if self._edges is not None:
            await self._edges.uploads.close()
        if self._house is not None:
            self._house = None
            await self._opened.__aexit__(None, None, None)

    async def _ask_database(self) -> None:
        await self._opened_house().db.read(lambda tx: tx.one("SELECT 1"))

    async def _ask_storage(self) -> None:
        await self._opened_house().storage.size(Key("00/" + "0" * 32))

    def _opened_house(self) -> House:
        assert self._house is not None, "start comes first"
        return self._house


async def work_on_jobs(settings: Settings, stop: asyncio.Event, when_ready: Callable[[], None]) -> None:
    """Does jobs until `stop` is set, on a database and a store of its own. Raises EntrepotError."""
    # Imported here: the engine takes a second, and memory, that processes which serve need not spend.
    from entrepot.jobs.engine import engine_url
    from entrepot.jobs.worker import JobWorker

    async with open_house(settings) as house:
        url = engine_url(settings.database, settings.data)
        await JobWorker(house.db, url, tasks_of(house), os.getpid()).run(stop, when_ready)


def tasks_of(house: House) -> Tasks:
    """What is done as jobs."""
    db, storage, rules = house.db, house.storage, house.rules
    manifests = Manifests(db, storage, rules, house.pulls)
    artifacts = Artifacts(db, manifests, Blobs(db, storage, rules))
    tasks = [
        GarbageCollection(db, Collector(db, storage, rules), artifacts).task,
        ScrubJob(db, storage).task,
        purge_audit(Audit(db)),
        Retain(db, rules, Configuration(db)).task(),
        IndexLayers(db, storage, rules).task(),
    ]
    return Tasks.of([*tasks, sweep(house.db, tasks)])


def build(settings: Settings, number: int) -> RegistryService:  # noqa: ARG001 - all workers serve the same
    """What the worker of that number serves."""
    return RegistryService(settings)


class Edges:
    """Which application answers which path."""

    def __init__(self, oci: OciApp, token: TokenApp, harbor: HarborApp, web: WebApp, uploads: Uploads) -> None:
        self._oci = oci
        self._token = token
        self._harbor = harbor
        self.web = web
        self.uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        path = scope["path"]
        if path == "/v2" or path.startswith("/v2/"):
            await self._oci(scope, receive, send)
        elif path.startswith(("/api/", "/c/")):
            await self._harbor(scope, receive, send)
        elif path.startswith("/service/"):
            await self._token(scope, receive, send)
        else:
            await self.web(scope, receive, send)


def route(house: House, probes: Probes) -> Edges:
    """Everything that answers requests."""
    db, storage, rules = house.db, house.storage, house.rules
    arrivals = Arrivals(db)
    uploads = Uploads(db, storage, rules, arrivals, AHEAD)
    oci = OciApp(
        house.gate,
        Blobs(db, storage, rules, house.small),
        uploads,
        Manifests(db, storage, rules, house.pulls),
        Tags(db),
        Catalog(db),
        Configuration(db),
        house.settings.public_url,
    )
    parts = _parts(house, probes, arrivals)
    return Edges(oci, TokenApp(house.gate, house.tokens, house.keys), HarborApp(parts), WebApp(parts, db), uploads)


def _parts(house: House, probes: Probes, arrivals: Arrivals) -> Parts:
    """What the management API and the pages work on."""
    db = house.db
    manifests = Manifests(db, house.storage, house.rules, house.pulls)
    blobs, layered = Blobs(db, house.storage, house.rules), Layered(db, house.storage, LayerCache())
    return Parts(
        gate=house.gate,
        management=ManagementGate(db),
        sessions=Sessions(db),
        configuration=Configuration(db),
        accounts=Accounts(db, house.passwords),
        directory=Directory(db),
        finding=Finding(db),
        project_changes=ProjectChanges(db, house.rules),
        memberships=Memberships(db),
        labels=Labels(db),
        audit=Audit(db),
        robots=Robots(db, house.passwords),
        groups=Groups(db),
        limits=Limits(db),
        allowlists=Allowlists(db),
        repositories=Repositories(db, house.rules),
        artifacts=Artifacts(db, manifests, blobs),
        image_layers=ImageLayers(blobs, layered),
        layer_files=LayerFiles(blobs, layered),
        image_comparison=ImageComparison(blobs, layered),
        copies=Copies(db, manifests, house.rules),
        images=Images(db),
        pictures=Pictures(db, house.storage),
        quarantine=Quarantine(db),
        usage=Usage(db),
        jobs=Jobs(db),
        job_monitor=JobMonitor(db),
        trash=Trash(db, house.rules),
        tag_history=TagHistory(db, manifests),
        holds=Holds(db),
        arrivals=arrivals,
        forecasts=Forecasts(db, house.rules),
        immutable_rules=ImmutableRules(db),
        retention=Retention(db),
        retention_runs=RetentionRuns(db),
        previews=Previews(db, house.rules),
        probes=probes,
        api_document=served,
        public_url=house.settings.public_url,
        storage_provider=provider_of(house.settings.storage),
        data=house.settings.data,
    )


async def _destinations(house: House) -> list[Destination]:
    """Where events of the audit go beside the database."""
    settings = house.settings
    found = [to_file(settings.audit_file)] if settings.audit_file else []
    for url in (settings.audit_syslog, str(await Configuration(house.db).get("audit_log_forward_endpoint"))):
        if url:
            try:
                found.append(to_syslog(url))
            except Invalid as error:
                structlog.get_logger("entrepot.audit").warning("the audit is not forwarded", error=str(error))
    return found


def _gauges(tx: Transaction) -> list[Gauge]:
    held, last = quarantine.total(tx), scrubs.latest(tx)
    return [
        Gauge("entrepot_quarantined_blobs", "Blobs whose content was damaged or lost, set aside.", held.blobs),
        Gauge("entrepot_quarantined_bytes", "Bytes of the blobs that are set aside.", held.bytes),
        Gauge("entrepot_scrub_read_blobs", "Blobs read again by the newest walk.", last.blobs if last else 0),
        Gauge("entrepot_scrub_read_bytes", "Bytes read again by the newest walk.", last.bytes if last else 0),
        Gauge("entrepot_scrub_started_seconds", "When it began; since 1970.", last.started_at / 1e6 if last else 0),
        Gauge("entrepot_scrub_under_way", "Whether it is still under way.", bool(last and last.finished_at is None)),
    ]


def _pace(settings: Settings) -> Pace:
    """How fast, and how often, everything is read again."""
    return Pace(rate=settings.scrub_rate, every=_microseconds(settings.scrub_every))


def _microseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)
