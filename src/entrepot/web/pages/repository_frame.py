"""What every page of a repository shows around its own part: its name, figures, and the ways to its other pages."""

from typing import Any

from entrepot.db.trash import Entry
from entrepot.model.digest import Digest
from entrepot.model.grant import ProjectGrant, RepositoryGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.model.query import Exactly, ListQuery
from entrepot.registry.images import MOST_COUNTED, Facts
from entrepot.web.ask import Ask
from entrepot.web.errors import N_
from entrepot.web.pages.project_frame import Tab

LIST = Permission(Resource.ARTIFACT, Verb.LIST)
DELETE = Permission(Resource.ARTIFACT, Verb.DELETE)
DELETE_TAG = Permission(Resource.TAG, Verb.DELETE)
CREATE_TAG = Permission(Resource.TAG, Verb.CREATE)
LIST_TAGS = Permission(Resource.TAG, Verb.LIST)
PUT_LABEL = Permission(Resource.ARTIFACT_LABEL, Verb.CREATE)
TAKE_LABEL = Permission(Resource.ARTIFACT_LABEL, Verb.DELETE)
DESCRIBE = Permission(Resource.REPOSITORY, Verb.UPDATE)
DELETE_ALL = Permission(Resource.REPOSITORY, Verb.DELETE)
PUSH = Permission(Resource.REPOSITORY, Verb.PUSH)
TABS = (
    Tab("tags", "", N_("Tags"), None),
    Tab("readme", "readme", N_("Readme"), None),
    Tab("history", "history", N_("History"), LIST_TAGS),
    Tab("trash", "trash", N_("Trash"), DELETE),
    Tab("settings", "settings", N_("Settings"), DELETE_ALL),
)


async def opened(ask: Ask, tab: str, needed: Permission = LIST) -> tuple[ProjectGrant, RepositoryGrant, dict[str, Any]]:
    """The grants of a page of the repository, and what `repository_base` shows. Raises as the gate does."""
    project = await ask.project(LIST, needed)
    grant = await ask.repository(LIST)
    facts = await ask.parts.images.facts(grant)
    return project, grant, frame_of(project, facts, tab)


def frame_of(project: ProjectGrant, facts: Facts, tab: str) -> dict[str, Any]:
    """What `repository_base` shows."""
    return {
        "repository": facts.row,
        "facts": facts,
        "most_counted": MOST_COUNTED,
        "tab_list": [
            one
            for one in TABS
            if (one.needed is None or one.needed in project.permissions)
            and not (facts.emptied and one.key == "settings")
        ],
        "tab": tab,
        "may": may_of(project),
    }


def may_of(project: ProjectGrant) -> dict[str, bool]:
    """Which buttons the reader is shown."""
    return {
        "delete": DELETE in project.permissions,
        "delete_tags": DELETE_TAG in project.permissions,
        "tag": CREATE_TAG in project.permissions,
        "label": PUT_LABEL in project.permissions,
        "describe": DESCRIBE in project.permissions,
        "push": PUSH in project.permissions,
        "hold": Permission(Resource.PROJECT, Verb.UPDATE) in project.permissions,
    }


async def deletions_of(ask: Ask, what: set[Digest | str]) -> tuple[int, ...]:
    """The newest deletions of these artifacts and tags of the repository, which can be undone."""
    query = ListQuery(conditions={"repository_name": Exactly(ask.subject.name.text)}, page_size=100)
    found, _ = await ask.parts.trash.page(await ask.visible(), query)
    newest: dict[Digest | str, Entry] = {}
    for entry in found:
        key: Digest | str | None = entry.digest if entry.kind == "artifact" else entry.name
        if key in what:
            newest.setdefault(key, entry)
    return tuple(entry.id for entry in newest.values())
