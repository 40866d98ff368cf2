"""Jobs from the request to the end: what a task is given, what is told of it, and what becomes of failures."""

import asyncio
from datetime import timedelta

import pytest

from entrepot.db import job_logs, jobs
from entrepot.db.contract import Transaction
from entrepot.jobs.task import Context, JobFailed, Queue, Task
from entrepot.model.job import JobState
from jobs.conftest import Shop


async def test_a_job_is_done_and_told_of(shop: Shop) -> None:
    async def greet(job: Context) -> object:
        job.log(f"greeting {job.parameters['name']}")
        job.progress(1, 2, 10)
        return {"greeting": await job.step("greet", lambda: greeting(job.parameters["name"]))}

    async def greeting(name: str) -> str:
        return f"hello {name}"

    async with shop.working(Task(kind="greet", run=greet)):
        job_id = await shop.ask("greet", parameters={"name": "world"})
        job = await shop.ended(job_id)
    assert (job.state, job.result, job.reason) == (JobState.SUCCEEDED, {"greeting": "hello world"}, "")
    assert (job.done, job.total, job.bytes, job.attempt) == (1, 2, 10, 1)
    assert job.started_at is not None
    assert job.ended_at is not None
    lines = await shop.db.read(lambda tx: job_logs.page(tx, job_id, 0, 10))
    assert [(line.level, line.line) for line in lines] == [("info", "greeting world")]


async def test_a_request_that_is_rolled_back_is_none(shop: Shop) -> None:
    async def fail(job: Context) -> None:
        raise AssertionError

    with pytest.raises(ZeroDivisionError):
        await shop.db.write(lambda tx: (jobs.request(tx, jobs.JobRequest(kind="never", by="tests")), 1 / 0))
    async with shop.working(Task(kind="never", run=fail)):
        await asyncio.sleep(0.3)
    assert await shop.db.read(lambda tx: tx.one("SELECT count(*) FROM jobs")) == (0,)


async def test_of_unfinished_jobs_a_key_is_unique(shop: Shop) -> None:
    async def nothing(job: Context) -> None:
        pass

    first = await shop.ask("keyed", key="it")
    assert await shop.ask("keyed", key="it") == first
    assert await shop.ask("keyed", key="other") != first
    assert await shop.ask("other", key="it") != first
    async with shop.working(Task(kind="keyed", run=nothing)):
        await shop.ended(first)
        assert await shop.ask("keyed", key="it") != first


async def test_a_failure_is_told_in_a_sentence_and_tried_again_with_what_was_done(shop: Shop) -> None:
    calls: list[str] = []

    async def fetch() -> str:
        calls.append("fetch")
        return "content"

    async def send(attempt: int) -> str:
        calls.append("send")
        if attempt < 3:
            raise JobFailed(f"the other side is away ({attempt})")
        return "sent"

    async def copy(job: Context) -> object:
        return [await job.step("fetch", fetch), await job.step("send", lambda: send(job.attempt))]

    async with shop.working(Task(kind="copy", run=copy, attempts=3, pause=timedelta(milliseconds=100))):
        job_id = await shop.ask("copy")
        job = await shop.until(job_id, lambda job: bool(job.reason))
        assert (job.reason, job.state) == ("the other side is away (1)", JobState.PENDING)
        job = await shop.ended(job_id)
    assert (job.state, job.attempt, job.result, job.reason) == (JobState.SUCCEEDED, 3, ["content", "sent"], "")
    assert calls == ["fetch", "send", "send", "send"]


async def test_the_last_failure_is_the_end(shop: Shop) -> None:
    async def fail(job: Context) -> None:
        if job.parameters["how"] == "told":
            raise JobFailed("there is nothing to copy")
        raise KeyError("secret")

    async with shop.working(Task(kind="fail", run=fail)):
        told = await shop.ended(await shop.ask("fail", parameters={"how": "told"}))
        error = await shop.ended(await shop.ask("fail", parameters={"how": "error"}))
    assert (told.state, told.reason) == (JobState.FAILED, "there is nothing to copy")
    assert error.state is JobState.FAILED
    assert "KeyError" in error.reason
    assert "secret" not in error.reason


async def test_a_waiting_job_is_stopped_at_once_and_a_running_one_within_seconds(shop: Shop) -> None:
    async def stubborn(job: Context) -> None:
        await asyncio.sleep(60)

    async def polite(job: Context) -> None:
        for done in range(6000):
            await asyncio.sleep(0.01)
            job.progress(done)

    alone = Queue(name="one", each_worker=1)
    async with shop.working(Task(kind="stubborn", run=stubborn, queue=alone), Task(kind="polite", run=polite)):
        first, second = await shop.ask("stubborn"), await shop.ask("stubborn")
        third = await shop.ask("polite")
        for job_id in (first, third):
            await shop.until(job_id, lambda job: job.state is JobState.RUNNING)
        assert (await shop.job(second)).state is JobState.PENDING
        for job_id in (first, second, third):
            assert await shop.db.write(lambda tx, stop=job_id: jobs.stop(tx, stop))
        for job_id in (second, third, first):
            assert (await shop.ended(job_id, 3)).state is JobState.STOPPED
        assert not await shop.db.write(lambda tx: jobs.stop(tx, first))


async def test_a_queue_runs_no_more_at_once_than_it_says(shop: Shop) -> None:
    at_once, most = 0, 0

    async def count(job: Context) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1

    async with shop.working(Task(kind="count", run=count, queue=Queue(name="narrow", everywhere=2, each_worker=2))):
        asked = [await shop.ask("count") for _ in range(8)]
        for job_id in asked:
            await shop.ended(job_id)
    assert most == 2


async def test_a_worker_that_is_stopped_leaves_its_jobs_to_others(shop: Shop) -> None:
    begun: list[int] = []
    steps: list[str] = []

    async def first() -> str:
        steps.append("first")
        return "first"

    async def long(job: Context) -> str:
        begun.append(job.job_id)
        await job.step("first", first)
        if len(begun) == 1:
            await asyncio.sleep(60)
        return "done"

    task = Task(kind="long", run=long)
    async with shop.working(task):
        job_id = await shop.ask("long")
        await shop.until(job_id, lambda job: bool(steps))
        await asyncio.sleep(0.1)
    assert (await shop.job(job_id)).state is JobState.RUNNING
    async with shop.working(task):
        job = await shop.ended(job_id, 5)
    assert (job.state, job.result) == (JobState.SUCCEEDED, "done")
    assert (begun, steps) == ([job_id, job_id], ["first"])


async def test_a_job_that_is_cut_short_is_told_of_in_the_transaction_that_ends_it(shop: Shop) -> None:
    begun = asyncio.Event()

    async def wait(job: Context) -> None:
        if job.parameters.get("fail"):
            raise JobFailed("no")
        begun.set()
        while True:
            job.check()
            await asyncio.sleep(0.01)

    def tell(tx: Transaction, job_id: int, state: JobState) -> None:
        tx.run("UPDATE jobs SET requested_by = ? WHERE id = ? AND state = ?", f"told {state}", job_id, state.value)

    async with shop.working(Task(kind="wait", run=wait, cut_short=tell)):
        failing = await shop.ask("wait", parameters={"fail": True})
        assert (await shop.ended(failing)).requested_by == "told failed"
        stopping = await shop.ask("wait")
        await begun.wait()
        await shop.db.write(lambda tx: jobs.stop(tx, stopping))
        assert (await shop.ended(stopping)).requested_by == "told stopped"
