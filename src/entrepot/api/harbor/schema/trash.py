"""Bodies about the trash, the history of tags, holds, and what a deletion would take. They are not Harbor's."""

from msgspec import Struct
from msgspec import field as struct_field

from entrepot.api.harbor.errors import Error
from entrepot.api.harbor.values import DateTime, Int64


class TrashEntry(Struct, omit_defaults=True):
    """A deletion that can be undone."""

    id: Int64
    kind: str
    project_id: Int64
    project_name: str
    name: str
    deleted_by: str
    deletion_time: DateTime
    expiration_time: DateTime
    size: Int64
    contents: dict[str, Int64]
    repository_name: str = ""
    digest: str = ""


class TrashTag(Struct):
    """A tag in the trash."""

    name: str
    digest: str


class TrashEntryDetail(TrashEntry, omit_defaults=True):
    """A deletion with what is in it, a thousand of each kind at most."""

    tags: list[TrashTag] = struct_field(default_factory=list)
    artifacts: list[str] = struct_field(default_factory=list)


class RestoreRequest(Struct, omit_defaults=True):
    """How to undo a deletion."""

    name: str = ""
    merge: bool = False
    rename_tags: bool = False


class RestoreResult(Struct, omit_defaults=True):
    """What is there again."""

    kind: str
    project_name: str
    name: str
    artifacts: Int64
    tags: Int64
    repository_name: str = ""
    renamed_tags: dict[str, str] = struct_field(default_factory=dict)


class NameTakenErrors(Struct):
    """The name is taken; another one that is free."""

    errors: list[Error]
    free_name: str = ""


class ProjectTrash(Struct):
    """The trash of a project."""

    window_seconds: Int64
    own_window_seconds: Int64
    """-1: as the instance says."""
    size: Int64


class ProjectTrashChange(Struct):
    """For how long deletions in a project can be undone; -1: as the instance says."""

    own_window_seconds: Int64


class TagMove(Struct, omit_defaults=True):
    """A tag came to name something else."""

    id: Int64
    time: DateTime
    username: str
    through: str
    kind: str
    before: str = ""
    after: str = ""
    held: str = ""
    """`live`, `trash`, or nothing if what it named since is gone for good."""


class RollBack(Struct):
    """What a tag is to name again."""

    digest: str


class RolledBack(Struct, omit_defaults=True):
    """What a tag names again, and what it named until now."""

    digest: str
    before: str = ""


class Hold(Struct, omit_defaults=True):
    """What nobody may delete."""

    id: Int64
    project_id: Int64
    placed_by: str
    creation_time: DateTime
    repository_name: str = ""
    digest: str = ""
    tag: str = ""
    reason: str = ""


class HoldRequest(Struct, omit_defaults=True):
    """What is to be held: an artifact by tag or digest, a repository, or the project if nothing is named."""

    repository_name: str = ""
    reference: str = ""
    reason: str = ""


class Pull(Struct):
    """Somebody who pulled."""

    username: str
    last_time: DateTime
    times: Int64


class Forecast(Struct):
    """What a deletion would take."""

    kind: str
    name: str
    counts: dict[str, Int64]
    tags: list[str]
    accessories: list[str]
    children: list[str]
    freed_bytes: Int64
    shared_bytes: Int64
    window_seconds: Int64
    pulled_by: list[Pull]
    last_pull_time: DateTime
    refused: list[str]
