"""What a kind of job does: a Task, registered with the workers, and the Context that it is given.

A worker may die at any moment; another one then begins the job again, with what its steps gave remembered. So a task is
a function that may be run more than once and must come to the same end: whatever it changes outside of steps, and each
step itself, is made so that doing it twice does no harm.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Protocol, TypeVar

from entrepot.db.contract import Transaction
from entrepot.model.job import JobState, Json

T = TypeVar("T")


class Stopped(Exception):
    """The job is to end now, because somebody stopped it or because its worker stops. A task lets it pass."""


class JobFailed(Exception):
    """The job cannot be done; the message is the sentence that people read."""


class Context(Protocol):
    """A job as its task sees it, while it runs."""

    @property
    def job_id(self) -> int:
        """The job's id."""

    @property
    def parameters(self) -> dict[str, Json]:
        """What the job was requested with."""

    @property
    def project_id(self) -> int | None:
        """The project that the job belongs to."""

    @property
    def subject_id(self) -> int | None:
        """The policy or the like that the job is of."""

    @property
    def requested_by(self) -> str:
        """Who asked for the job."""

    @property
    def attempt(self) -> int:
        """The number of this attempt, from 1."""

    async def step(self, name: str, function: Callable[[], Awaitable[T]]) -> T:
        """What `function` gives, which is JSON. Once it gave something, it is not called again for this job, in
        whatever process or attempt the job goes on; a name stands for one step of the job.

        If the worker dies within the step, it is called again. Steps come in the same order each time; several may
        run side by side. Raises Stopped before the step, and what the function raises.
        """

    def progress(self, done: int, total: int | None = None, bytes: int = 0) -> None:  # noqa: A002 - what it is
        """Tells how far the job is, counted from its beginning; cheap, so call it often. Raises Stopped."""

    def log(self, line: str, level: str = "info") -> None:
        """Tells people something; `level` is `info`, `warning` or `error`. Never a secret."""

    def check(self) -> None:
        """Returns if the job is to go on. Raises Stopped."""


Run = Callable[[Context], Awaitable[Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Where jobs wait for a worker."""

    name: str
    everywhere: int | None = None
    """How many jobs of it run at once on all nodes together; None: as many as the workers take."""
    each_worker: int = 4
    """How many jobs of it run at once in one worker."""


DEFAULT_QUEUE = Queue(name="default")
ALONE = Queue(name="alone", everywhere=1, each_worker=1)
"""For what is heavy, and never urgent: one job at a time in the whole installation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """How jobs of one kind are done."""

    kind: str
    """As in `model.job.JobKind`."""
    run: Run
    """Does a job, and gives its result, which is JSON. A JobFailed or EntrepotError it raises is the reason why the
    job failed; any other exception is logged, and people are told that it was an error of the program."""
    queue: Queue = DEFAULT_QUEUE
    attempts: int = 1
    """How often a job that fails is tried in all."""
    pause: timedelta = timedelta(seconds=10)
    """Before the second attempt; twice as long before each further one, an hour at most."""
    cut_short: Callable[[Transaction, int, JobState], None] | None = None
    """Called in the transaction that ends a job which had begun as failed or stopped, with its id: to tell of it."""
    kept: int = 50
    """How many of the latest jobs of the kind are kept, of each subject."""
    cron: str = ""
    """When a job of the kind is requested by itself, as `model.cron` has it; empty: when somebody plans it."""


@dataclass(frozen=True, slots=True)
class Tasks:
    """Every task that the workers know. The kinds differ."""

    by_kind: MappingProxyType[str, Task] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, tasks: Iterable[Task]) -> "Tasks":
        """The tasks given. Raises ValueError if two are of one kind, or two queues of one name differ."""
        found: dict[str, Task] = {}
        queues: dict[str, Queue] = {}
        for task in tasks:
            if task.kind in found:
                raise ValueError(f"two tasks do jobs of the kind {task.kind}")
            if queues.setdefault(task.queue.name, task.queue) != task.queue:
                raise ValueError(f"two queues are called {task.queue.name}")
            found[task.kind] = task
        return cls(MappingProxyType(found))

    @property
    def queues(self) -> list[Queue]:
        """The queues of all tasks, each once."""
        return list({task.queue.name: task.queue for task in self.by_kind.values()}.values())
