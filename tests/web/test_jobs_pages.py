"""Jobs: the lists, one job with its log, queues, plans; and who may see them."""

# ruff: noqa: RUF001 - Chinese has a punctuation of its own

import errno
import os

import pytest
from house import Harbor
from reader import Readers

from entrepot.db import job_logs, job_state, jobs
from entrepot.db.contract import Transaction
from entrepot.model.job import JobKind, JobRequest, JobState, LogLine
from entrepot.storage.failing import Doing, of_system
from entrepot.web.job_words import KINDS

PAGES = ["", "?show=running", "?show=waiting", "?show=ended", "?show=failed", "?show=schedules", "?show=workers"]


def put(tx: Transaction, state: JobState, reason: str = "") -> int:
    """A job in that state, which has told three lines."""
    made = jobs.request(tx, JobRequest(kind=JobKind.GARBAGE_COLLECTION, by="maker", parameters={"dry_run": True}))
    ended = tx.now if state.final else None
    tx.run(
        "UPDATE jobs SET state = ?, started_at = ?, ended_at = ?, done = 3, total = 4, reason = ? WHERE id = ?",
        state.value,
        tx.now - 4_000_000,
        ended,
        reason,
        made.id,
    )
    job_logs.add(tx, made.id, [LogLine(n, tx.now, "info", f"<i>line {n}</i>") for n in (1, 2, 3, 4)])
    return made.id


def test_every_kind_of_job_has_words() -> None:
    assert {*KINDS} >= {*JobKind}


@pytest.mark.parametrize("page", PAGES)
async def test_only_administrators_see_jobs(reader: Readers, page: str) -> None:
    assert (await reader().get(f"/-/jobs{page}")).status_code == 303
    owner, admin = await reader().sign_in("owner"), await reader().sign_in("admin")
    assert (await owner.get(f"/-/jobs{page}")).status_code == 403
    assert (await admin.get(f"/-/jobs{page}")).status_code == 200


async def test_every_list_shows_its_jobs(reader: Readers, harbor: Harbor) -> None:
    db = harbor.whole.db
    ids = {state: await db.write(lambda tx, state=state: put(tx, state, f"why <{state}>")) for state in JobState}
    admin = await reader().sign_in("admin")
    running = (await admin.get("/-/jobs")).text
    assert f'id="job-{ids[JobState.RUNNING]}"' in running
    assert "75 %" in running
    assert "&lt;i&gt;line 4&lt;/i&gt;" in running
    assert "line 1&lt;" not in running
    for show, wanted in (
        ("waiting", {JobState.PENDING}),
        ("ended", {JobState.SUCCEEDED, JobState.FAILED, JobState.STOPPED}),
        ("failed", {JobState.FAILED}),
    ):
        text = (await admin.get(f"/-/jobs?show={show}")).text
        assert {state for state, job in ids.items() if f'id="job-{job}"' in text} == wanted
    assert "why &lt;failed&gt;" in (await admin.get("/-/jobs?show=failed")).text
    assert 'id="job-' not in (await admin.get("/-/jobs?show=ended&kind=retention")).text


async def test_a_collection_is_asked_for_and_stopped_and_asked_for_again(reader: Readers) -> None:
    admin = await reader().sign_in("admin")
    assert (await admin.post("/-/jobs/start", {"what": "collection", "workers": "99"})).status_code == 400
    answer = await admin.post("/-/jobs/start", {"what": "collection", "dry_run": "1", "workers": "3"})
    assert answer.status_code == 303
    page = answer.headers["location"]
    assert (await admin.post("/-/jobs/start", {"what": "collection"})).status_code == 409
    assert (await admin.post(f"{page}/again")).status_code == 409
    assert (await admin.post(f"{page}/stop")).status_code == 303
    shown = (await admin.get(page)).text
    assert "stopped" in shown
    again = await admin.post(f"{page}/again")
    assert again.status_code == 303
    assert again.headers["location"] != page
    other = await admin.get(again.headers["location"])
    assert "dry_run" in other.text


async def test_a_log_is_shown_and_given(reader: Readers, harbor: Harbor) -> None:
    job = await harbor.whole.db.write(lambda tx: put(tx, JobState.FAILED, "the store <x> is gone"))
    admin = await reader().sign_in("admin")
    page = (await admin.get(f"/-/jobs/{job}")).text
    assert "&lt;i&gt;line 1&lt;/i&gt;" in page
    assert "the store &lt;x&gt; is gone" in page
    log = await admin.get(f"/-/jobs/{job}/log")
    assert log.headers["content-type"].startswith("text/plain")
    assert log.text.splitlines()[0].endswith("[INFO] <i>line 1</i>")
    for path in ("/-/jobs/999", "/-/jobs/x", "/-/jobs/9999999999999999999999/log", "/-/jobs/٣"):
        assert (await admin.get(path)).status_code == 404
    assert (await (await reader().sign_in("owner")).get(f"/-/jobs/{job}/log")).status_code == 403


async def test_chinese_pages_tell_in_chinese_why_a_job_failed_and_what_its_log_says(
    reader: Readers, harbor: Harbor
) -> None:
    full = str(of_system(Doing.WRITE, OSError(errno.ENOSPC, "")))
    lines = ["reading 3 blobs again", f"object 1f/2e cannot be read: {full}", "nobody knows <this>"]

    def fail(tx: Transaction) -> int:
        job = put(tx, JobState.FAILED, full)
        job_logs.add(tx, job, [LogLine(10 + number, tx.now, "info", line) for number, line in enumerate(lines)])
        return job

    job = await harbor.whole.db.write(fail)
    admin = await reader().sign_in("admin")
    for path in (f"/-/jobs/{job}", "/-/jobs?show=failed"):
        page = (await admin.get(path, headers={"accept-language": "zh"})).text
        assert f"存储空间不足（{os.strerror(errno.ENOSPC)}）" in page
        assert "there is no room" not in page
    page = (await admin.get(f"/-/jobs/{job}", headers={"accept-language": "zh"})).text
    assert "开始重新读取 3 个数据块" in page
    assert "无法读取对象 1f/2e：存储空间不足" in page
    assert "nobody knows &lt;this&gt;" in page
    log = (await admin.get(f"/-/jobs/{job}/log", headers={"accept-language": "zh"})).text
    assert lines[0] in log


async def test_queues_are_held_back_and_let_go_on(reader: Readers) -> None:
    admin = await reader().sign_in("admin")
    assert (await admin.post("/-/jobs/queue", {"action": "pause"})).status_code == 303
    assert "Let all go on" in (await admin.get("/-/jobs")).text
    assert (await admin.post("/-/jobs/queue", {"action": "resume", "kind": "retention"})).status_code == 303
    assert "Pause all" in (await admin.get("/-/jobs")).text
    await admin.post("/-/jobs/start", {"what": "purge", "days": "30"})
    assert (await admin.post("/-/jobs/queue", {"action": "stop", "kind": "purge-audit-log"})).status_code == 303
    assert "1 waiting job is stopped." in (await admin.get("/-/jobs?show=ended")).text
    assert (await admin.post("/-/jobs/queue", {"action": "x"})).status_code == 400
    assert (await admin.post("/-/jobs/queue", {"action": "pause", "kind": "x"})).status_code == 404


async def test_collections_are_planned(reader: Readers) -> None:
    admin = await reader().sign_in("admin")
    fields = {"what": "collection", "cadence": "Custom", "cron": "0 0 4 * * *", "delete_untagged": "1"}
    assert (await admin.post("/-/jobs/plan", {**fields, "cron": "every day"})).status_code == 400
    assert (await admin.post("/-/jobs/plan", {**fields, "cadence": "Often"})).status_code == 400
    assert (await admin.post("/-/jobs/plan", fields)).status_code == 303
    assert '<td class="mono wide">0 0 4 * * *</td>' in (await admin.get("/-/jobs?show=schedules")).text
    assert (await admin.post("/-/jobs/plan", {**fields, "cadence": "None"})).status_code == 303
    assert '<td class="mono wide">' not in (await admin.get("/-/jobs?show=schedules")).text
    assert (await admin.post("/-/jobs/plan", {"what": "purge", "cadence": "Daily", "days": "0"})).status_code == 400


async def test_what_an_open_page_compares_changes_with_every_step(harbor: Harbor) -> None:
    db = harbor.whole.db
    job = await db.write(lambda tx: put(tx, JobState.RUNNING))
    changes = [
        "UPDATE jobs SET done = done + 1 WHERE id = ?",
        "UPDATE jobs SET stop_requested = TRUE WHERE id = ?",
        "UPDATE jobs SET state = 'stopped', ended_at = 1 WHERE id = ?",
    ]
    for change in changes:
        before = await db.read(lambda tx: (job_state.of_all(tx), job_state.of_one(tx, job)))
        await db.write(lambda tx, change=change: tx.run(change, job))
        after = await db.read(lambda tx: (job_state.of_all(tx), job_state.of_one(tx, job)))
        assert before[0] != after[0]
        assert before[1] != after[1]
    before = await db.read(lambda tx: (job_state.of_one(tx, job), None))
    await db.write(lambda tx: job_logs.add(tx, job, [LogLine(5, 1, "info", "more")]))
    assert (await db.read(lambda tx: (job_state.of_one(tx, job), None))) != before


async def test_who_may_not_watch_hears_no_states(reader: Readers) -> None:
    owner, admin = await reader().sign_in("owner"), await reader().sign_in("admin")
    assert (await owner.get("/-/live?on=state:jobs")).status_code == 403
    assert (await owner.get("/-/live?on=state:job:1")).status_code == 403
    assert (await admin.get("/-/live?on=state:other")).status_code == 400
    assert (await admin.get("/-/live?on=state:job:x")).status_code == 400


async def test_a_scrub_is_asked_for_on_the_page_of_the_store(reader: Readers) -> None:
    admin = await reader().sign_in("admin")
    assert "Read everything now" in (await admin.get("/-/admin/storage")).text
    answer = await admin.post("/-/jobs/start", {"what": "scrub"})
    page = answer.headers["location"]
    assert "Read everything again" in (await admin.get(page)).text
    shown = (await admin.get("/-/admin/storage")).text
    assert "Read everything now" not in shown
    assert f'href="{page}"' in shown
    assert (await admin.post("/-/jobs/start", {"what": "scrub"})).status_code == 409
    assert (await admin.post("/-/jobs/plan", {"what": "scrub", "cadence": "Daily"})).status_code == 400
    assert (await (await reader().sign_in("owner")).post("/-/jobs/start", {"what": "scrub"})).status_code == 403
    await admin.post(f"{page}/stop")
    assert "Read everything now" in (await admin.get("/-/admin/storage")).text
