"""Runs of a project's rules of retention: asked for, followed, stopped, and what became of what."""

from collections.abc import AsyncIterator

from entrepot.db.retention_runs import Result
from entrepot.model.errors import Unknown
from entrepot.model.grant import ProjectGrant
from entrepot.model.query import Condition, Contains, Exactly, ListQuery
from entrepot.registry.retention import LIST, READ, UPDATE
from entrepot.registry.retention_runs import STOP
from entrepot.web.answer import Answer, Content, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.pages.project_frame import frame_of
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address

TAB = "policies"
TASKS_AT_ONCE = 100
MOST_RESULTS = 1000
"""That a page shows; the log has them all."""


async def run(ask: Ask) -> Answer:
    """Asks for a run, or for a dry one. Raises as `RetentionRuns.request`."""
    grant = await ask.project(READ, UPDATE)
    policy_id = await _policy(ask, grant)
    dry = ask.form.ticked("dry")
    run_id = await ask.parts.retention_runs.request(grant, policy_id, dry_run=dry)
    sentence = ask.say("The dry run has begun: nothing is taken.") if dry else ask.say("The run has begun.")
    return Go(address(grant.project.name, f"{TAB}/runs/{run_id}"), Said(sentence))


async def show(ask: Ask) -> Answer:
    """A run with its repositories, and what became of the artifacts of one of them (`?task=`)."""
    grant = await ask.project(READ, LIST)
    part = ask.query.text("q")
    conditions: dict[str, Condition] = {"repository": Contains(part)} if part else {}
    query = ask.listed(conditions)
    policy_id, task_id = await _policy(ask, grant), ask.query.whole("task", 0)
    job, tasks, total = await ask.parts.retention_runs.tasks(grant, policy_id, ask.number(), query)
    shown = {
        **await frame_of(ask, grant, TAB),
        "part_of": "retention",
        "run": job,
        "tasks": tasks,
        "total": total,
        "listed": query,
        "part": part,
        "task_id": task_id,
        "results": await _results(ask, grant, policy_id, task_id) if task_id else [],
        "most_results": MOST_RESULTS,
        "may_stop": UPDATE in grant.permissions and not job.state.final,
    }
    name = grant.project.name
    return View("retention_run", shown, topics=(f"project:{name}", f"runs:{name}"))


async def stop(ask: Ask) -> Answer:
    """Has a run end in some seconds. Raises as `RetentionRuns.order`."""
    grant = await ask.project(READ, UPDATE)
    run_id = ask.number()
    await ask.parts.retention_runs.order(grant, await _policy(ask, grant), run_id, STOP)
    return Go(address(grant.project.name, f"{TAB}/runs/{run_id}"), Said(ask.say("The run ends in some seconds.")))


async def log(ask: Ask) -> Answer:
    """What became of everything in a run, as text: of one repository of it (`?task=`), or of all."""
    grant = await ask.project(READ, LIST)
    policy_id, run_id, only = await _policy(ask, grant), ask.number(), ask.query.whole("task", 0)
    runs = ask.parts.retention_runs
    # Asked for here, so that a run that there is not is told of before anything is answered.
    await runs.tasks(grant, policy_id, run_id, ListQuery(page_size=1))

    async def text() -> AsyncIterator[bytes]:
        yield f"run {run_id} of the rules of retention of {grant.project.name}\n".encode()
        page = 0
        while True:
            page += 1
            query = ListQuery(conditions={"id": Exactly(only)} if only else {}, page=page, page_size=TASKS_AT_ONCE)
            _, tasks, _ = await runs.tasks(grant, policy_id, run_id, query)
            for task in tasks:
                async for some in runs.log(grant, policy_id, run_id, task.id):
                    yield some.encode()
            if len(tasks) < TASKS_AT_ONCE:
                return

    return Content("text/plain; charset=utf-8", text())


async def _results(ask: Ask, grant: ProjectGrant, policy_id: int, task_id: int) -> list[Result]:
    """What became of the artifacts of one repository of the run, the first of them. Raises RecordUnknown."""
    found: list[Result] = []
    async for some in ask.parts.retention_runs.results(grant, policy_id, ask.number(), task_id):
        found += some
        if len(found) >= MOST_RESULTS:
            break
    return found[:MOST_RESULTS]


async def _policy(ask: Ask, grant: ProjectGrant) -> int:
    view = await ask.parts.retention.of_project(grant)
    if view is None:
        raise Unknown(f"the project {grant.project.name} has no rules of retention")
    return view.row.id


ROUTES: tuple[Route, ...] = (
    changing(Place.PROJECT, "policies/run", run),
    reading(Place.PROJECT, "policies/runs/{id}", show),
    changing(Place.PROJECT, "policies/runs/{id}/stop", stop),
    reading(Place.PROJECT, "policies/runs/{id}/log", log),
)
