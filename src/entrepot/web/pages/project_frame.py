"""What every page of a project shows around its own part: the project, and the ways to its other pages."""

from typing import Any, NamedTuple

from entrepot.db.quotas import UNLIMITED
from entrepot.model.grant import ProjectGrant
from entrepot.model.permission import Permission, Resource, Verb
from entrepot.web.ask import Ask
from entrepot.web.errors import N_


class Tab(NamedTuple):
    """A way to another page of the same thing."""

    key: str
    page: str
    """What follows `/-/` there."""
    label: str
    needed: Permission | None
    """What one must be allowed to see it."""


TABS = (
    Tab("repositories", "", N_("Repositories"), None),
    Tab("members", "members", N_("Members"), Permission(Resource.MEMBER, Verb.LIST)),
    Tab("robots", "robots", N_("Robots"), Permission(Resource.ROBOT, Verb.LIST)),
    Tab("policies", "policies", N_("Policies"), Permission(Resource.TAG_RETENTION, Verb.READ)),
    Tab("quota", "quota", N_("Quota"), Permission(Resource.QUOTA, Verb.READ)),
    Tab("labels", "labels", N_("Labels"), Permission(Resource.LABEL, Verb.LIST)),
    Tab("activity", "activity", N_("Activity"), Permission(Resource.LOG, Verb.LIST)),
    Tab("trash", "trash", N_("Trash"), Permission(Resource.TAG, Verb.DELETE)),
    Tab("settings", "settings", N_("Settings"), Permission(Resource.CONFIGURATION, Verb.READ)),
)


async def frame_of(ask: Ask, grant: ProjectGrant, tab: str) -> dict[str, Any]:
    """What `project_base` shows: the project, its figures, the tabs that the reader may open."""
    view = await ask.parts.directory.get(grant)
    summary = await ask.parts.directory.summary(grant)
    tabs = [one for one in TABS if one.needed is None or one.needed in grant.permissions]
    quota = summary.quota
    return {
        "project": view,
        "summary": summary,
        "full": None if quota is None or quota.hard == UNLIMITED else min(100, 100 * quota.used // max(quota.hard, 1)),
        "tab_list": tabs,
        "tab": tab,
        "granted": grant.permissions,
    }
