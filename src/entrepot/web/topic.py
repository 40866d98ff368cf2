"""What an open page may be told of: each topic is granted as the page is.

projects                every project that the asker may know of
project:<name>          what happens in a project
repository:<name>       what happens in a repository, and to its whole project, such as a rule for its tags
system                  everything, for administrators
mine                    what happens to the asker's own account
runs:<name>             how the retention of a project goes
state:<name>            one of `STATES`, for administrators
state:job:<id>          how far one job has come, for administrators
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from entrepot.access.management import Asker
from entrepot.db import job_state, retention_runs
from entrepot.db.news import Told
from entrepot.model.errors import Invalid
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.reference import RepositoryName
from entrepot.web.ask import LONGEST_NUMBER
from entrepot.web.live import Listener, State
from entrepot.wire.parts import Parts

MOST_TOPICS = 8
_READ_PROJECT = Permission(Resource.PROJECT, Verb.READ)
_READ_REPOSITORY = Permission(Resource.ARTIFACT, Verb.LIST)
_WATCH_RUNS = Permission(Resource.TAG_RETENTION, Verb.LIST)
_WATCH_SYSTEM = Permission(Resource.AUDIT_LOG, Verb.LIST)
STATES: Mapping[str, State] = {"jobs": job_state.of_all}
"""What changes without an event."""

Concern = Callable[[Told], bool]


async def listener_of(parts: Parts, asker: Asker, topics: Iterable[str]) -> tuple[Listener, list[tuple[str, State]]]:
    """A listener for topics that the asker may hear. Raises Invalid, and as the page itself if it may not be seen."""
    wanted = [*topics]
    if not 1 <= len(wanted) <= MOST_TOPICS:
        raise Invalid(f"name one to {MOST_TOPICS} topics")
    concerns: list[Concern] = []
    states: list[tuple[str, State]] = []
    for topic in wanted:
        word, _, name = topic.partition(":")
        if word == "state":
            await parts.management.system(asker, _WATCH_SYSTEM)
            states.append((name, _state(name)))
        elif word == "runs":
            project_id = (await parts.management.project(asker, name, _WATCH_RUNS)).project.id
            states.append((f"runs:{project_id}", partial(retention_runs.newest, project_id=project_id)))
        else:
            concerns.append(await _concern(parts, asker, word, name))
    return Listener(lambda told: any(one(told) for one in concerns), tuple(name for name, _ in states)), states


def _state(name: str) -> State:
    """Raises Invalid."""
    word, _, number = name.partition(":")
    if word == "job" and number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER:
        return partial(job_state.of_one, job_id=int(number))
    if name not in STATES:
        raise Invalid(f"there is no topic state:{name[:100]!r}")
    return STATES[name]


async def _concern(parts: Parts, asker: Asker, word: str, name: str) -> Concern:
    if word == "project":
        project_id = (await parts.management.project(asker, name, _READ_PROJECT)).project.id
        return lambda told: told.project_id == project_id
    if word == "repository":
        repository = RepositoryName.parse(name)
        project_id = (await parts.management.repository(asker, repository, _READ_REPOSITORY)).project.id
        return lambda told: (
            told.repository == repository.text or (told.repository is None and told.project_id == project_id)
        )
    if word == "system":
        await parts.management.system(asker, _WATCH_SYSTEM)
        return lambda _: True
    if word == "projects":
        # Only that something changed somewhere is told; what, the page asks for itself.
        await parts.management.visible(asker)
        return lambda told: told.project_id is not None
    raise Invalid(f"there is no topic {word[:100]!r}")
