"""Garbage collection, purges, schedules and all other jobs by the management API, and done by a worker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from house import Client, Harbor
from pushing import push_image, push_index, push_signature

from entrepot.app import tasks_of
from entrepot.db import job_runs, jobs
from entrepot.jobs.engine import engine_url
from entrepot.jobs.pace import Pace
from entrepot.jobs.worker import JobWorker
from entrepot.model.job import JobRequest
from entrepot.tasks.seal import Sealer

QUICK = Pace(look=0.05, beat=0.2, dead_after=1.0)
NOW = {"schedule": {"type": "Manual"}}
EVERYTHING = "create_artifact,delete_artifact,pull_artifact,other"
DAILY = {"type": "Daily", "cron": "0 0 3 * * *"}


@asynccontextmanager
async def working(harbor: Harbor) -> AsyncIterator[None]:
    whole = harbor.whole
    url = engine_url("", whole.settings.data)
    worker = JobWorker(whole.db, url, tasks_of(whole), 1, QUICK)
    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(worker.run(stop, ready.set))
    await ready.wait()
    try:
        yield
    finally:
        stop.set()
        await running


async def ended(client: Client, path: str) -> Any:
    async with asyncio.timeout(20):
        while True:
            told = await client.get(path)
            if told["job_status"] in ("Success", "Error", "Stopped"):
                return told
            await asyncio.sleep(0.02)


async def start(client: Client, where: str, **parameters: Any) -> str:
    """The path of the job."""
    location = await client.post(f"/system/{where}/schedule", {**NOW, "parameters": parameters})
    assert location.startswith(f"/api/v2.0/system/{where}/")
    return location.removeprefix("/api/v2.0")


async def test_garbage_is_collected_when_asked_for(harbor: Harbor) -> None:
    admin, owner = harbor("admin"), harbor("owner")
    kept = await push_image(owner, "own/app", "kept", "kept")
    lost = await push_image(owner, "own/app", None, "lost")
    signature = await push_signature(owner, "own/app", lost)
    child = await push_image(owner, "own/app", None, "child")
    index = await push_index(owner, "own/app", "index", child)
    await harbor.whole.db.write(lambda tx: tx.run("UPDATE repository_blobs SET leased_until = 0, review_after = 1"))
    await harbor.whole.db.write(lambda tx: tx.run("UPDATE manifests SET pushed_at = 0"))
    await harbor.whole.db.write(lambda tx: tx.run("UPDATE projects SET trash_window = 0"))
    fresh = await push_image(owner, "own/app", None, "fresh")
    async with working(harbor):
        dry = await ended(admin, await start(admin, "gc", delete_untagged=True, dry_run=True, workers=3))
        path = await start(admin, "gc", delete_untagged=True)
        done = await ended(admin, path)
    expected, found = json.loads(dry["job_parameters"]), json.loads(done["job_parameters"])
    assert (expected["purged_manifests"], found["purged_manifests"]) == (1, 1), "with it goes what belongs to it"
    assert expected["dry_run"] is True
    assert found["purged_blobs"] >= expected["purged_blobs"] > 0
    assert found["freed_space"] >= expected["freed_space"] > 0
    assert (done["job_name"], done["job_kind"], done["job_status"]) == ("GARBAGE_COLLECTION", "MANUAL", "Success")
    assert done["schedule"] == {"type": "Manual"}
    left = await owner.get("/projects/own/repositories/app/artifacts", q="base=*")
    assert {one["digest"] for one in left} == {kept, fresh, child, index}
    gone = [f"/v2/own/app/manifests/{digest}" for digest in (lost, signature)]
    assert [(await owner("GET", path)).status_code for path in gone] == [404, 404]
    assert "1 artifacts and" in (await admin("GET", f"{path}/log")).text
    history = await admin("GET", "/system/gc", params={"page_size": 1})
    assert history.headers["x-total-count"] == "2"
    assert history.json()[0]["id"] == done["id"]
    assert await admin.get("/system/gc", q="status=Error") == []
    told = await admin.get("/auditlog-exts", q="resource_type=job,username=admin")
    assert len(told) == 2


async def test_one_collection_at_a_time_and_stopped_before_it_began(harbor: Harbor) -> None:
    admin = harbor("admin")
    path = await start(admin, "gc")
    again = await admin("POST", "/system/gc/schedule", NOW)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "CONFLICT")
    assert (await admin("PUT", path)).status_code == 200
    assert (await admin.get(path))["job_status"] == "Stopped"
    assert (await admin("PUT", path)).status_code == 200
    assert (await admin("PUT", "/system/gc/999")).status_code == 404
    assert (await admin("GET", f"{path.replace('gc', 'purgeaudit')}")).status_code == 404


async def test_a_schedule_is_made_shown_changed_and_removed(harbor: Harbor) -> None:
    admin = harbor("admin")
    for where in ("gc", "purgeaudit"):
        path = f"/system/{where}/schedule"
        empty = await admin("GET", path)
        assert (empty.status_code, empty.content) == (200, b"")
        parameters = {"audit_retention_hour": 24, "include_event_types": EVERYTHING, "workers": 2}
        location = await admin.post(path, {"schedule": DAILY, "parameters": parameters})
        assert location.endswith(path)
        told = await admin.get(path)
        assert (told["schedule"]["type"], told["schedule"]["cron"]) == ("Daily", "0 0 3 * * *")
        assert "T03:00:00" in told["schedule"]["next_scheduled_time"]
        assert isinstance(json.loads(told["job_parameters"]), dict)
        hourly = {"type": "Hourly", "cron": "0 0 * * * *"}
        assert (await admin("PUT", path, {"schedule": hourly, "parameters": parameters})).status_code == 200
        listed = await admin.get("/schedules")
        assert [one["cron"] for one in listed if where[:2].upper() in one["vendor_type"] or where == "gc"]
        assert (await admin("PUT", path, {"schedule": {"type": "None"}})).status_code == 200
        assert (await admin("GET", path)).content == b""
    told = await admin.get("/auditlog-exts", q="resource_type=schedule", page_size=0)
    assert [one["operation"] for one in told] == ["delete", "update", "update"] * 2


async def test_what_makes_no_sense_is_refused(harbor: Harbor) -> None:
    admin = harbor("admin")
    for where, body in (
        ("gc", {}),
        ("gc", {"schedule": {"type": "Custom"}}),
        ("gc", {"schedule": {"type": "Custom", "cron": "* * * * *"}}),
        ("gc", {"schedule": {"type": "Custom", "cron": "5 0 0 * * *"}}),
        ("gc", {"schedule": {"type": "Custom", "cron": "0 0 0 30 2 *"}}),
        ("gc", {**NOW, "parameters": {"workers": 11}}),
        ("gc", {**NOW, "parameters": {"dry_run": "yes"}}),
        ("purgeaudit", NOW),
        ("purgeaudit", {**NOW, "parameters": {"audit_retention_hour": 240_001, "include_event_types": "other"}}),
        ("purgeaudit", {**NOW, "parameters": {"audit_retention_hour": 1, "include_event_types": "nonsense"}}),
    ):
        answer = await admin("POST", f"/system/{where}/schedule", body)
        assert answer.status_code == 400, (where, body, answer.text)
    assert (await admin("POST", "/system/gc/schedule", {"schedule": {"type": "Often"}})).status_code == 422
    assert (await admin("PUT", "/jobservice/queues/RETENTION_OF_TIME", {"action": "stop"})).status_code == 404
    assert (await admin("PUT", "/jobservice/queues/all", {"action": "explode"})).status_code == 422
    assert (await admin("GET", "/schedules/GARBAGE_COLLECTION/paused")).status_code == 400
    assert await harbor.whole.db.read(lambda tx: tx.one("SELECT count(*) FROM jobs")) == (0,)


async def test_the_audit_is_purged_up_to_what_is_to_stay(harbor: Harbor) -> None:
    admin, owner = harbor("admin"), harbor("owner")
    await push_image(owner, "own/app", "1")
    await harbor.whole.db.write(lambda tx: tx.run("UPDATE events SET at = at - 7200000000"))
    await Sealer(harbor.whole.db).round()
    sealed = (await harbor.whole.db.read(lambda tx: tx.one("SELECT count(*) FROM events WHERE place IS NOT NULL")))[0]
    async with working(harbor):
        wanted = {"audit_retention_hour": 1, "include_event_types": EVERYTHING}
        dry = await ended(admin, await start(admin, "purgeaudit", **wanted, dry_run=True))
        assert json.loads(dry["job_parameters"])["purged"] == sealed
        pulls = await ended(admin, await start(admin, "purgeaudit", audit_retention_hour=1, include_operations="pull"))
        assert json.loads(pulls["job_parameters"])["purged"] == 0
        done = await ended(admin, await start(admin, "purgeaudit", **wanted))
    assert json.loads(done["job_parameters"])["purged"] == sealed > 0
    assert (done["job_name"], done["job_status"]) == ("PURGE_AUDIT_LOG", "Success")
    rest = await harbor.whole.db.read(lambda tx: tx.one("SELECT count(*) FROM events WHERE at < 1000000 OR place = 1"))
    assert rest == (0,)


async def test_jobs_are_watched_paused_and_stopped(harbor: Harbor) -> None:
    admin, db = harbor("admin"), harbor.whole.db
    waiting = [
        (await db.write(lambda tx: jobs.request(tx, JobRequest(kind="purge-audit-log", by="tests")))).id
        for _ in range(3)
    ]
    queues = {one["job_type"]: one for one in await admin.get("/jobservice/queues")}
    assert queues["PURGE_AUDIT_LOG"]["count"] == 3
    assert queues["GARBAGE_COLLECTION"]["paused"] is False
    assert (await admin("PUT", "/jobservice/queues/all", {"action": "pause"})).status_code == 200
    assert await admin.get("/schedules/all/paused") == {"paused": True}
    assert await db.read(lambda tx: job_runs.waiting(tx, ["purge-audit-log"], 10)) == []
    assert (await admin("PUT", "/jobservice/queues/SCHEDULER", {"action": "resume"})).status_code == 200
    assert await admin.get("/schedules/all/paused") == {"paused": False}
    assert (await admin("PUT", "/jobservice/queues/PURGE_AUDIT_LOG", {"action": "resume"})).status_code == 200
    begun = await db.write(lambda tx: job_runs.begin(tx, waiting[0], 1, "node"))
    assert begun is not None
    workers = await admin.get("/jobservice/pools/all/workers")
    assert [(one["job_id"], one["job_name"], one["pool_id"]) for one in workers] == [
        (str(waiting[0]), "PURGE_AUDIT_LOG", "node")
    ]
    assert (await admin("GET", "/jobservice/pools/node/workers")).status_code == 404
    assert (await admin("PUT", "/jobservice/queues/PURGE_AUDIT_LOG", {"action": "stop"})).status_code == 200
    states = [(await db.read(lambda tx, job_id=job_id: jobs.get(tx, job_id))).state for job_id in waiting]  # type: ignore[misc, union-attr]
    assert states == ["running", "stopped", "stopped"]
    assert (await admin("PUT", f"/jobservice/jobs/{waiting[0]}")).status_code == 200
    assert await db.read(lambda tx: job_runs.mine(tx, {waiting[0]: 1})) == {waiting[0]: True}
    assert (await admin("GET", f"/jobservice/jobs/{waiting[0]}/log")).text == ""
    assert (await admin("GET", "/jobservice/jobs/none/log")).status_code == 404
    async with working(harbor):
        (pool,) = await admin.get("/jobservice/pools")
        assert pool["concurrency"] > 0
        assert await admin.get(f"/jobservice/pools/{pool['worker_pool_id']}/workers") == []
        crons = {one["vendor_type"]: one["cron"] for one in await admin.get("/schedules")}
        assert crons == {"EXECUTION_SWEEP": "0 7 * * * *"}
    assert await admin.get("/jobservice/pools") == []
