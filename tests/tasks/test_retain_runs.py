"""Rules of retention carried out: what comes in between, how a run goes on after a stop, and what is asked for."""

import asyncio

import pytest

from contracts.place import Place, principal
from contracts.retention import (
    HOUR,
    Interrupted,
    Job,
    asked,
    doing,
    granted,
    policy,
    pushed_daily,
    rule,
    run,
    told,
)
from entrepot.db import projects, retention, retention_runs, schedules
from entrepot.db.candidates import NEWEST
from entrepot.db.contract import Transaction
from entrepot.jobs.task import JobFailed, Stopped
from entrepot.model.digest import Digest
from entrepot.model.errors import Denied, Invalid, ReadOnly, RecordUnknown
from entrepot.model.job import JobState
from entrepot.model.query import ListQuery
from entrepot.model.retention import RetentionPolicy
from entrepot.registry import retaining
from entrepot.registry.configuration import Configuration
from entrepot.registry.project_deletion import remove_project
from entrepot.registry.retention import Retention, schedule_name
from entrepot.registry.retention_runs import RetentionRuns
from entrepot.storage.contract import Storage
from entrepot.storage.memory import MemoryStorage
from entrepot.tasks import retain
from entrepot.tasks.retain import Retain


@pytest.fixture
def storage() -> Storage:
    """One kind is enough: no rule looks at bytes."""
    return MemoryStorage()


async def test_what_changed_since_it_was_looked_at_is_left_alone(place: Place) -> None:
    """A push or a pull between the look and the deletion wins."""
    bodies = await pushed_daily(place, 3)
    policy_id = await policy(place, rule("nDaysSinceLastPush", 0))
    row = await place.db.read(lambda tx: retention.find(tx, policy_id))
    assert row is not None
    repository_id = (await place.grant()).repository_id
    assert repository_id is not None

    async def somebody_comes() -> None:
        await place.put(bodies[0], "v1")
        await place.run("UPDATE manifests SET pulled_at = 5 WHERE digest = ?", Digest.of(bodies[1]).packed)
        await place.put(bodies[2], "latest")

    working = retaining.Retaining(Interrupted(place.db, somebody_comes), place.rules)
    begun = await working.begin(row, repository_id, "hello")
    results = await working.carry_out(begun, NEWEST, lambda tx, page: page.results)
    assert results is not None
    assert {one.kept for one in results} == {True}
    assert {one.why for one in results} == {f"no rule keeps it, but {retaining.CHANGED}"}
    assert await place.tag_names() == ["latest", "v1", "v2", "v3"]


async def test_a_run_that_was_cut_short_goes_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retaining, "DELETED_AT_ONCE", 2)
    monkeypatch.setattr(retaining, "LOOKED_AT", 3)
    for name in ("hello", "world"):
        await pushed_daily(place, 7, f"library/{name}")
    policy_id = await policy(place, rule("latestPushedK", 2))
    job_id = await asked(place, policy_id)
    cuts = 0
    while True:
        try:
            await doing(place).run(Job(job_id, policy_id, checks=2))
            break
        except Stopped:
            cuts += 1
    assert cuts > 2
    for name in ("hello", "world"):
        assert await place.tag_names(f"library/{name}") == ["v6", "v7"]
    tasks, _ = await place.db.read(lambda tx: retention_runs.page(tx, job_id, ListQuery()))
    assert [(task.total, task.retained, task.tags, task.state) for task in tasks] == [(7, 2, 5, JobState.SUCCEEDED)] * 2
    assert all(len(results) == 7 for results in (await told(place, job_id)).values())


async def test_results_are_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retain, "MOST_TOLD", 5)
    monkeypatch.setattr(retain, "MOST_KEPT_TOLD", 1)
    await pushed_daily(place, 6)
    await pushed_daily(place, 6, "library/world")
    found = await run(place, rule("latestPushedK", 3))
    assert [len(results) for results in found.values()] == [4, 1]
    assert sum(result.kept for results in found.values() for result in results.values()) <= 2
    assert await place.rows("SELECT told, untold FROM retention_tasks ORDER BY id") == [(4, 2), (1, 5)]


async def test_a_policy_that_is_changed_meanwhile_takes_nothing_more(place: Place) -> None:
    await pushed_daily(place, 3)
    policy_id = await policy(place, rule("latestPushedK", 1))
    job_id = await asked(place, policy_id)

    async def it_is_changed() -> None:
        await policy(place, rule("always"))

    doer = Retain(Interrupted(place.db, it_is_changed), place.rules, Configuration(place.db))
    with pytest.raises(Denied, match="changed meanwhile"):
        await doer.run(Job(job_id, policy_id))
    assert await place.tag_names() == ["v1", "v2", "v3"]


async def test_nothing_is_taken_while_the_registry_is_read_only(place: Place) -> None:
    await pushed_daily(place, 2)
    policy_id = await policy(place, rule("latestPushedK", 1))
    await place.run("INSERT INTO configuration (name, value, updated_at) VALUES ('read_only', 'true', 0)")
    with pytest.raises(ReadOnly):
        await doing(place).run(Job(await asked(place, policy_id), policy_id))
    await doing(place).run(Job(await asked(place, policy_id, dry_run=True), policy_id, dry_run=True))
    assert await place.tag_names() == ["v1", "v2"]


async def test_a_policy_goes_with_its_project(place: Place) -> None:
    await pushed_daily(place, 2)
    policy_id = await policy(place, rule("latestPushedK", 1), cron="0 0 3 * * *")
    job_id = await asked(place, policy_id)
    project = await place.project("library")
    kept = place.ruled(trash=HOUR)

    def delete(tx: Transaction) -> None:
        projects.lock(tx, "library")
        remove_project(tx, kept.rules, principal("ada"), project, force=True)

    assert await place.db.read(lambda tx: schedules.get(tx, schedule_name(policy_id))) is not None
    await place.db.write(delete)
    assert await place.db.read(lambda tx: schedules.get(tx, schedule_name(policy_id))) is None
    with pytest.raises(JobFailed):
        await doing(place).run(Job(job_id, policy_id))
    await place.db.write(lambda tx: projects.delete(tx, project.id))
    assert await place.db.read(lambda tx: retention.find(tx, policy_id)) is None


async def test_a_project_has_one_policy_and_its_metadata_tells_it(place: Place) -> None:
    grant, policies = await granted(place), Retention(place.db)
    wanted = RetentionPolicy(rules=(rule("always"),), cron="0 0 3 * * *")
    made = await asyncio.gather(*(policies.create(grant, wanted) for _ in range(4)), return_exceptions=True)
    assert [isinstance(one, Invalid) for one in made].count(True) == 3
    (policy_id,) = [one for one in made if isinstance(one, int)]
    told = "SELECT value FROM project_metadata WHERE name = 'retention_id'"
    assert await place.rows(told) == [(str(policy_id),)]
    view = await policies.get(grant, policy_id)
    assert view.row.policy == wanted
    assert view.next_run is not None
    elsewhere = await granted(place, "elsewhere")
    for change in (policies.get(elsewhere, policy_id), policies.delete(elsewhere, policy_id)):
        with pytest.raises(RecordUnknown):
            await change
    with pytest.raises(Invalid):
        await policies.update(grant, policy_id, RetentionPolicy(rules=(), cron="* * * * * *"))
    await policies.update(grant, policy_id, RetentionPolicy(rules=(), cron=""))
    assert (await policies.get(grant, policy_id)).next_run is None
    await policies.delete(grant, policy_id)
    assert await place.rows(told) == []
    assert [name for name, _ in await place.events()][-3:] == ["policy:created", "policy:changed", "policy:deleted"]


async def test_runs_are_asked_for_once_and_stopped(place: Place) -> None:
    grant, runs = await granted(place), RetentionRuns(place.db)
    policy_id = await policy(place, rule("always"))
    first = await runs.request(grant, policy_id, dry_run=False)
    assert await runs.request(grant, policy_id, dry_run=False) == first
    dry = await runs.request(grant, policy_id, dry_run=True)
    assert dry != first
    await runs.order(grant, policy_id, first, "stop")
    found, total = await runs.page(grant, policy_id, ListQuery())
    assert [(one.id, one.state) for one in found] == [(dry, JobState.PENDING), (first, JobState.STOPPED)]
    assert total == 2
    with pytest.raises(Invalid):
        await runs.order(grant, policy_id, first, "start")
    other = await asked(place, 77)
    with pytest.raises(RecordUnknown):
        await runs.order(grant, policy_id, other, "stop")


async def test_results_are_kept_of_the_latest_runs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retain, "RUNS_TOLD", 2)
    monkeypatch.setattr(retain, "FORGOTTEN_AT_ONCE", 2)
    await pushed_daily(place, 5)
    for _ in range(4):
        await run(place, rule("always"))
        await place.run("UPDATE jobs SET ended_at = 1")
    assert await place.rows("SELECT total, told, untold FROM retention_tasks ORDER BY id") == [
        (5, 0, 5),
        (5, 0, 5),
        (5, 5, 0),
        (5, 5, 0),
    ]
    assert await place.rows("SELECT count(*) FROM retention_results") == [(10,)]


@pytest.mark.parametrize("state", [JobState.STOPPED, JobState.FAILED])
async def test_a_run_that_was_cut_short_is_told_with_what_it_did(
    place: Place, state: JobState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retaining, "DELETED_AT_ONCE", 1)
    monkeypatch.setattr(retaining, "LOOKED_AT", 2)
    await pushed_daily(place, 5)
    policy_id = await policy(place, rule("latestPushedK", 1))
    grant = await granted(place)
    job_id = await RetentionRuns(place.db).request(grant, policy_id, dry_run=False)
    with pytest.raises(Stopped):
        await doing(place).run(Job(job_id, policy_id, checks=2))
    cut_short = doing(place).task().cut_short
    assert cut_short is not None
    await place.db.write(lambda tx: cut_short(tx, job_id, state))
    [(name, detail)] = (await place.events())[-1:]
    gone = 5 - len(await place.tag_names())
    assert 0 < gone < 4
    assert name == "retention:ended"
    assert detail.items() >= {"job": job_id, "policy": policy_id, "state": state.value, "deleted_tags": gone}.items()
    assert await place.rows("SELECT succeeded, resource FROM events ORDER BY id DESC LIMIT 1") == [
        (state is JobState.STOPPED, "library: retention")
    ]
