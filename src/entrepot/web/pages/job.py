"""One job: how far it has come, what it tells, and stopping it or doing it again."""

from datetime import UTC, datetime

from entrepot.registry.job_monitor import LIST, OPERATE, STOP
from entrepot.web.answer import Answer, Content, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.job_words import WORDS
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

LINES_SHOWN = 500


async def show(ask: Ask) -> Answer:
    """The job with the latest lines of its log. Raises RecordUnknown."""
    grant = await ask.system(LIST)
    job = await ask.parts.job_monitor.get(grant, ask.number())
    lines = await ask.parts.job_monitor.latest(grant, job.id, LINES_SHOWN)
    places, _ = await ask.parts.job_monitor.beside(grant, [job])
    shown = {**WORDS, "job": job, "lines": lines, "place": places.get(job.project_id or 0, ""), "clock": _clock}
    return View("job", shown, topics=() if job.state.final else (f"state:job:{job.id}",))


async def show_log(ask: Ask) -> Answer:
    """The whole log as text. Raises RecordUnknown."""
    grant = await ask.system(LIST)
    job_id = ask.number()
    lines = await ask.parts.job_monitor.log(grant, job_id)
    text = "".join(f"{_moment(line.at)} [{line.level.upper()}] {line.line}\n" for line in lines)
    return Content("text/plain; charset=utf-8", text.encode(), name=f"job-{job_id}.log")


async def stop(ask: Ask) -> Answer:
    """Has the job end. Raises RecordUnknown."""
    grant = await ask.system(STOP)
    job_id = ask.number()
    unfinished = await ask.parts.job_monitor.stop(grant, job_id)
    told = ask.say("Job %(id)s is stopping.", id=job_id) if unfinished else ask.say("Job %(id)s had ended.", id=job_id)
    return Go(address(page=f"jobs/{job_id}"), Said(told))


async def again(ask: Ask) -> Answer:
    """Does once more what the job did. Raises RecordUnknown, Conflict, ProjectUnknown."""
    grant = await ask.system(OPERATE)
    made = await ask.parts.job_monitor.again(grant, ask.number())
    return Go(address(page=f"jobs/{made}"), Said(ask.say("It is done again, as job %(id)s.", id=made)))


def _moment(microseconds: int) -> str:
    return f"{datetime.fromtimestamp(microseconds // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _clock(microseconds: int) -> str:
    return f"{datetime.fromtimestamp(microseconds // 1_000_000, UTC):%H:%M:%S}"


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "jobs/{id}", show),
    reading(Place.HOUSE, "jobs/{id}/log", show_log),
    Route("POST", Place.HOUSE, "jobs/{id}/stop", stop, while_read_only=True),
    changing(Place.HOUSE, "jobs/{id}/again", again),
)
