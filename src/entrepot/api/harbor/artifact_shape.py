"""Repositories, artifacts and what belongs to them, as Harbor's API shows them."""

import msgspec
from msgspec import UNSET

from entrepot.api.harbor import label_shape
from entrepot.api.harbor.application import BASE
from entrepot.api.harbor.path import segment_of
from entrepot.api.harbor.schema.artifact import (
    Accessory,
    AdditionLink,
    Artifact,
    Platform,
    Reference,
    Repository,
    Tag,
)
from entrepot.api.harbor.values import date_time, optional_time
from entrepot.db.artifact_lists import AccessoryRow, TagRow
from entrepot.model import contents
from entrepot.model.artifact import ArtifactKind
from entrepot.model.digest import Digest
from entrepot.registry.artifacts import ArtifactView
from entrepot.registry.icons import icon_of_accessory, icon_of_kind
from entrepot.registry.repositories import Counted


def repository(counted: Counted) -> Repository:
    """A repository."""
    row, artifacts = counted
    return Repository(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        description=row.description,
        artifact_count=artifacts,
        pull_count=row.pull_count,
        creation_time=date_time(row.created_at),
        update_time=date_time(row.updated_at),
    )


def artifact(view: ArtifactView) -> Artifact:
    """An artifact with what was asked for of it."""
    row = view.row
    return Artifact(
        id=row.id,
        type=row.kind,
        media_type=row.config_type,
        manifest_media_type=row.media_type,
        artifact_type=row.artifact_type,
        project_id=row.project_id,
        repository_id=row.repository_id,
        repository_name=row.repository_name,
        digest=str(row.digest),
        size=row.size,
        icon=str(row.icon or icon_of_kind(ArtifactKind(row.kind))),
        push_time=date_time(row.pushed_at),
        pull_time=optional_time(row.pulled_at),
        extra_attrs=msgspec.json.decode(row.attributes) if row.attributes else {},
        annotations=annotations(row.body),
        references=[
            _reference(row.id, view.children.get(reference.child, 0), reference)
            for reference in view.contents.references
        ],
        tags=[tag(one) for one in view.tags],
        addition_links={name: AdditionLink(absolute=False, href=_addition(view, name)) for name in view.additions},
        labels=[label_shape.shown(label) for label in view.labels],
        accessories=[accessory(one, row.repository_name) for one in view.accessories],
    )


def annotations(body: bytes) -> dict[str, str]:
    """The annotations of a manifest, those that are texts."""
    try:
        told = msgspec.json.decode(body, type=_Annotated).annotations if body else {}
    except msgspec.DecodeError:
        return {}
    return {name: value for name, value in (told or {}).items() if isinstance(value, str)}


class _Annotated(msgspec.Struct):
    annotations: dict[str, object] | None = None


def tag(row: TagRow) -> Tag:
    """A tag; whether it is immutable only if that was asked for."""
    return Tag(
        id=row.id,
        repository_id=row.repository_id,
        artifact_id=row.manifest_id,
        name=row.name,
        push_time=date_time(row.updated_at),
        pull_time=optional_time(row.pulled_at),
        immutable=row.immutable,
    )


def accessory(row: AccessoryRow, repository_name: str) -> Accessory:
    """What belongs to another artifact."""
    return Accessory(
        id=row.id,
        artifact_id=row.id,
        subject_artifact_id=row.subject_id,
        subject_artifact_digest=str(row.subject_digest),
        subject_artifact_repo=repository_name,
        size=row.size,
        digest=str(row.digest),
        type=row.kind,
        icon=str(icon_of_accessory(row.kind)),
        creation_time=date_time(row.pushed_at),
    )


def _reference(parent_id: int, child_id: int, reference: contents.Reference) -> Reference:
    return Reference(
        parent_id=parent_id,
        child_id=child_id,
        child_digest=str(reference.child),
        platform=UNSET if reference.platform is None else _platform(reference.platform),
        annotations=reference.annotations,
        urls=list(reference.urls),
    )


def _platform(platform: contents.Platform) -> Platform:
    return Platform(
        architecture=platform.architecture,
        os=platform.os,
        os_version=platform.os_version,
        os_features=list(platform.os_features),
        variant=platform.variant,
    )


def _addition(view: ArtifactView, name: str) -> str:
    project, _, rest = view.row.repository_name.partition("/")
    path = artifact_path(project, rest, view.row.digest)
    return f"{path}/additions/{segment_of(name)}"


def artifact_path(project: str, rest: str, digest: Digest) -> str:
    """The address of an artifact; the repository's own part of the name is escaped twice, as Harbor writes it."""
    twice = segment_of(segment_of(rest))
    return f"{BASE}/projects/{project}/repositories/{twice}/artifacts/{digest}"
