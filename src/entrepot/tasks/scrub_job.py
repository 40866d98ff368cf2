"""Reading everything again as a job, for who does not want to wait for the walk that goes on by itself.

It reads as fast as it goes, whatever the walk has read of late, and does about damage what the walk does: what is
damaged or lost is set aside, what is good again is shown. What could not be read is only told of: a store that is busy
or ails says nothing about what it holds.
"""

from dataclasses import asdict, dataclass
from functools import partial

from entrepot.db import proof
from entrepot.db.contract import Database
from entrepot.db.proof import HeldBlob
from entrepot.jobs.task import ALONE, Context, JobFailed, Task
from entrepot.model.fault import Fault
from entrepot.model.job import JobKind, Json
from entrepot.storage.contract import Storage
from entrepot.tasks.examine import examine
from entrepot.tasks.repair import Repair, Repairer

SOME = 256
"""Blobs of one step, at most."""
MUCH = 1 << 30
"""Bytes after which a step ends: a worker that dies has another read no more than that once more."""
MOST_TOLD = 1000
"""Blobs that the log names, so that a store of which little can be read does not fill it."""
IMAGES_TOLD = 5


@dataclass(slots=True)
class Report:
    """What was read, and found."""

    last: int = 0
    """The id of the last blob that was read."""
    blobs: int = 0
    bytes: int = 0
    set_aside: int = 0
    healed: int = 0
    unreadable: int = 0

    def told(self) -> dict[str, Json]:
        """As the job's result."""
        return {name: value for name, value in asdict(self).items() if name != "last"}


class ScrubJob:
    """Reads everything again on demand."""

    def __init__(self, db: Database, storage: Storage) -> None:
        self._db = db
        self._storage = storage
        self._repairer = Repairer(db, storage)

    @property
    def task(self) -> Task:
        """As the workers know it."""
        return Task(kind=JobKind.SCRUB, run=self.run, queue=ALONE)

    async def run(self, job: Context) -> Json:
        """Reads each blob once.

        Raises JobFailed at the end if some could not be read; StorageFailed at once if the store does not seem to be
        there.
        """
        totals = await self._db.read(proof.totals)
        report = Report()
        job.log(f"reading {totals.blobs} blobs again")
        while True:
            # A step gives how the report stands after it, so whoever goes on with the job goes on from there.
            told = await job.step(f"after {report.last}", partial(self._some, job, report, totals.blobs))
            if told is None:
                break
            report = Report(**told)
        told = report.told()
        job.log(
            f"{report.blobs} blobs with {report.bytes} bytes were read: {report.set_aside} were set aside,"
            f" {report.healed} are good again, {report.unreadable} were unreadable"
        )
        if report.unreadable:
            raise JobFailed(
                f"{report.unreadable} of {report.blobs} blobs could not be read, and nothing was concluded from that;"
                " the log names them. entrepot check --repair sets such blobs aside"
            )
        return told

    async def _some(self, job: Context, before: Report, total: int) -> dict[str, Json] | None:
        """How the report stands after some more blobs; None if there are no more."""
        report = Report(**asdict(before))
        for blob in await self._db.read(lambda tx: proof.page_of_blobs(tx, before.last, SOME)):
            job.progress(report.blobs, max(total, report.blobs), report.bytes)
            await self._read(job, blob, report)
            report.last = blob.id
            report.blobs += 1
            report.bytes += blob.size
            if report.bytes - before.bytes >= MUCH:
                break
        job.progress(report.blobs, max(total, report.blobs), report.bytes)
        return asdict(report) if report.last > before.last else None

    async def _read(self, job: Context, blob: HeldBlob, report: Report) -> None:
        async def look(_: int) -> None:
            job.check()

        damage = await examine(self._storage, blob, look)
        told = report.set_aside + report.healed + report.unreadable < MOST_TOLD
        if damage is not None and damage.fault is Fault.BLOB_UNREADABLE:
            await self._repairer.require_witness(blob)
            report.unreadable += 1
            if told:
                job.log(f"{blob.digest} could not be read: {damage.sentence}", "error")
            return
        if damage is None and blob.quarantined_at is None:
            return
        settled = await self._repairer.settle(blob, damage)
        images = ", ".join(settled.images[:IMAGES_TOLD])
        if settled.repair is Repair.QUARANTINED and damage is not None:
            report.set_aside += 1
            if told:
                job.log(f"{blob.digest} is damaged and was set aside, push it again: {damage.sentence}", "error")
                if images:
                    job.log(f"{blob.digest} is part of {images}", "error")
        elif settled.repair is Repair.HEALED:
            report.healed += 1
            if told:
                job.log(f"{blob.digest} is good again")
