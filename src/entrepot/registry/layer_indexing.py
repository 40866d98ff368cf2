"""Asking for the layers of an image to be read, which a job does."""

from entrepot.db import jobs
from entrepot.db.contract import Transaction
from entrepot.db.jobs import Requested
from entrepot.model.grant import Principal
from entrepot.model.job import JobKind, JobRequest, Trigger

MANIFEST = "manifest"


def key_of(manifest_id: int) -> str:
    """The key of the jobs that read the layers of a manifest: one at a time."""
    return f"manifest:{manifest_id}"


def request_reading(
    tx: Transaction, by: Principal, project_id: int, manifest_id: int, name: str, trigger: Trigger
) -> Requested:
    """The job that reads those layers of the manifest that were not read yet; `name` is what people call it."""
    return jobs.request(
        tx,
        JobRequest(
            kind=JobKind.LAYER_INDEX,
            by=by.name,
            trigger=trigger,
            parameters={MANIFEST: manifest_id, "image": name},
            key=key_of(manifest_id),
            project_id=project_id,
        ),
    )
