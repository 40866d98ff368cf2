"""The trash, histories, holds and forecasts as they are shown."""

import msgspec
from litestar.response.base import ASGIResponse

from entrepot.api.harbor.request import Done
from entrepot.api.harbor.schema import trash as schema
from entrepot.api.harbor.values import date_time, optional_time
from entrepot.db.holds import Hold
from entrepot.db.tag_moves import TagMove
from entrepot.db.trash import Entry
from entrepot.registry.forecast import Forecast
from entrepot.registry.restorations import Restored
from entrepot.registry.trash import EntryView


class Foretold(Done):
    """What a deletion would take, as the answer to the request that would have made it."""

    def __init__(self, forecast: Forecast) -> None:
        body = msgspec.json.encode(shown_forecast(forecast))
        ASGIResponse.__init__(self, body=body, media_type="application/json", status_code=200)


def entry(one: Entry) -> schema.TrashEntry:
    """A deletion that can be undone."""
    return schema.TrashEntry(
        id=one.id,
        kind=one.kind.value,
        project_id=one.project_id,
        project_name=one.project,
        name=one.name,
        deleted_by=one.deleted_by,
        deletion_time=date_time(one.deleted_at),
        expiration_time=date_time(one.expires_at),
        size=one.size,
        contents=dict(one.contents),
        repository_name=one.repository or "",
        digest="" if one.digest is None else str(one.digest),
    )


def detail(view: EntryView) -> schema.TrashEntryDetail:
    """A deletion with what is in it."""
    return schema.TrashEntryDetail(
        **msgspec.structs.asdict(entry(view.entry)),
        tags=[schema.TrashTag(tag.name, str(tag.digest)) for tag in view.tags],
        artifacts=[str(artifact.digest) for artifact in view.artifacts],
    )


def restored(one: Restored) -> schema.RestoreResult:
    """What is there again."""
    return schema.RestoreResult(
        kind=one.kind.value,
        project_name=one.project,
        name=one.name,
        artifacts=one.artifacts,
        tags=one.tags,
        repository_name=one.repository,
        renamed_tags=dict(one.renamed),
    )


def move(one: TagMove) -> schema.TagMove:
    """A move of a tag."""
    return schema.TagMove(
        id=one.id,
        time=date_time(one.at),
        username=one.actor,
        through=one.through,
        kind=one.kind.value,
        before="" if one.before is None else str(one.before),
        after="" if one.after is None else str(one.after),
        held=one.held,
    )


def hold(one: Hold) -> schema.Hold:
    """A hold."""
    return schema.Hold(
        id=one.id,
        project_id=one.project_id,
        placed_by=one.placed_by,
        creation_time=date_time(one.placed_at),
        repository_name=one.repository or "",
        digest="" if one.digest is None else str(one.digest),
        tag=one.tag or "",
        reason=one.reason,
    )


def shown_forecast(one: Forecast) -> schema.Forecast:
    """What a deletion would take."""
    return schema.Forecast(
        kind=one.kind.value,
        name=one.name,
        counts=one.counts,
        tags=one.tags,
        accessories=list(map(str, one.accessories)),
        children=list(map(str, one.children)),
        freed_bytes=one.freed,
        shared_bytes=one.shared,
        window_seconds=one.window,
        pulled_by=[schema.Pull(pull.name, date_time(pull.last), pull.times) for pull in one.pulled_by],
        last_pull_time=optional_time(one.pulled_at),
        refused=one.refused,
    )
