"""What the system says of itself: ping, health, information, disks, statistics."""

import asyncio
import shutil
import time
from collections.abc import Awaitable

from litestar import Response, get

from entrepot import __version__
from entrepot.api.harbor.operation import operation
from entrepot.api.harbor.request import HarborRequest
from entrepot.api.harbor.schema.system import (
    ComponentHealthStatus,
    GeneralInfo,
    OverallHealthStatus,
    Statistic,
    Storage,
    SystemInfo,
)
from entrepot.api.harbor.values import date_time
from entrepot.model.errors import EntrepotError, RecordUnknown
from entrepot.model.permission import Permission, Resource, Verb

LIKE_HARBOR = "v2.16.0"
"""The release of Harbor whose API this is: clients read what they may expect from it."""
PROBE_SECONDS = 5.0
READ_VOLUMES = Permission(Resource.SYSTEM_VOLUMES, Verb.READ)
_CORE = "core"


@get("/ping", media_type="text/plain", **operation("getPing", "ping", errors=(405,)))
async def ping() -> str:
    """Answers, as long as the registry is there."""
    return "Pong"


@get("/health", **operation("getHealth", "health", errors=(500,)))
async def health(request: HarborRequest) -> OverallHealthStatus:
    """Which parts work; with status 200 in any case (Harbor's way), for others there is `/readyz`."""
    failures = dict(
        zip(
            request.parts.probes,
            await asyncio.gather(*(_probe(probe()) for probe in request.parts.probes.values())),
            strict=True,
        )
    )
    failures[_CORE] = ""
    components = [
        ComponentHealthStatus(name=name, status="unhealthy" if failure else "healthy", error=failure)
        for name, failure in sorted(failures.items())
    ]
    return OverallHealthStatus(status="unhealthy" if any(failures.values()) else "healthy", components=components)


@get("/systeminfo", **operation("getSystemInfo", "systeminfo", errors=(500,)))
async def system_info(request: HarborRequest) -> GeneralInfo:
    """What the pages need to know before anybody signs in; to who is signed in, also what this is."""
    configuration = request.parts.configuration
    info = GeneralInfo(
        auth_mode=str(await configuration.get("auth_mode")),
        primary_auth_mode=await configuration.is_on("primary_auth_mode"),
        self_registration=await configuration.is_on("self_registration"),
        banner_message=str(await configuration.get("banner_message")),
        oidc_provider_name=str(await configuration.get("oidc_name")),
    )
    grant = await request.parts.management.visible(request.arrival.asker)
    if not grant.principal.anonymous:
        external = request.parts.public_url or f"{request.scope['scheme']}://{request.headers.get('host', '')}"
        info.current_time = date_time(time.time_ns() // 1000)
        info.external_url = external
        info.registry_url = external.partition("://")[2]
        info.project_creation_restriction = str(await configuration.get("project_creation_restriction"))
        info.has_ca_root = False
        info.harbor_version = f"{LIKE_HARBOR}-entrepot.{__version__}"
        info.registry_storage_provider_name = request.parts.storage_provider
        info.read_only = await configuration.is_on("read_only")
        info.notification_enable = await configuration.is_on("notification_enable")
    return info


@get("/systeminfo/volumes", **operation("getVolumes", "systeminfo", errors=(401, 403, 404, 500)))
async def volumes(request: HarborRequest) -> SystemInfo:
    """The disk that the registry's data is on, in bytes."""
    await request.parts.management.system(request.arrival.asker, READ_VOLUMES)
    usage = await asyncio.to_thread(shutil.disk_usage, request.parts.data)
    return SystemInfo(storage=[Storage(total=usage.total, free=usage.free)])


@get(
    "/systeminfo/getcert",
    media_type="application/octet-stream",
    **operation("getCert", "systeminfo", errors=(404, 500), headers=("Content-Disposition",)),
)
async def certificate() -> Response[bytes]:
    """Refused: this registry has no authority of its own to be trusted."""
    raise RecordUnknown("there is no certificate to download")


@get("/statistics", **operation("getStatistic", "statistic", errors=(401, 500)))
async def statistics(request: HarborRequest) -> Statistic:
    """How many projects and repositories there are that the asker may know of; totals for administrators."""
    grant = await request.parts.management.signed_in(request.arrival.asker)
    found = await request.parts.directory.statistics(grant)
    everything = grant.everything
    return Statistic(
        private_project_count=found.projects.get(False, 0),
        private_repo_count=found.repositories.get(False, 0),
        public_project_count=found.projects.get(True, 0),
        public_repo_count=found.repositories.get(True, 0),
        total_project_count=sum(found.projects.values()) if everything else 0,
        total_repo_count=sum(found.repositories.values()) if everything else 0,
        total_storage_consumption=found.total_bytes,
    )


async def _probe(asked: Awaitable[None]) -> str:
    """What is wrong, for people; empty if nothing is."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await asked
    except TimeoutError:
        return f"no answer within {PROBE_SECONDS:.0f} seconds"
    except EntrepotError:
        return "it does not answer; the registry's log says more"
    return ""


HANDLERS = [ping, health, system_info, volumes, certificate, statistics]
