"""Who may open which page and post which form: written down by hand, from what the management API asks for the same."""

from dataclasses import dataclass

from rights import Needed

from contracts.access_house import PASSWORD
from entrepot.web.subject import Place

HOUSE, PROJECT, REPOSITORY, ARTIFACT = Place.HOUSE, Place.PROJECT, Place.REPOSITORY, Place.ARTIFACT


@dataclass(frozen=True, slots=True)
class Right:
    """What a page asks of who comes."""

    everybody: bool = False
    nobody: bool = False
    """Only who is not signed in."""
    signed_in: bool = False
    admin: bool = False
    needed: tuple[Needed, ...] = ()
    """In the project that the page is of."""
    who: frozenset[str] = frozenset()
    """Those who may besides administrators, where it is none of the above."""


EVERYBODY = Right(everybody=True)
NOBODY = Right(nobody=True)
SIGNED_IN = Right(signed_in=True)
ADMIN = Right(admin=True)


def of(*permissions: str) -> Right:
    """Who has all of these in the project: `artifact list`."""
    pairs = [permission.split() for permission in permissions]
    return Right(needed=tuple(Needed("project", resource, action) for resource, action in pairs))


READING: dict[tuple[Place, str], Right] = {
    (HOUSE, ""): EVERYBODY,
    (HOUSE, "sign-in"): EVERYBODY,
    (HOUSE, "register"): NOBODY,
    (HOUSE, "account"): SIGNED_IN,
    (HOUSE, "search"): EVERYBODY,
    (HOUSE, "palette"): EVERYBODY,
    (HOUSE, "api"): EVERYBODY,
    (HOUSE, "api/{id}"): EVERYBODY,
    (HOUSE, "activity"): SIGNED_IN,
    (HOUSE, "trash"): SIGNED_IN,
    (HOUSE, "admin"): ADMIN,
    (HOUSE, "admin/users"): ADMIN,
    (HOUSE, "admin/groups"): ADMIN,
    (HOUSE, "admin/robots"): ADMIN,
    (HOUSE, "admin/quotas"): ADMIN,
    (HOUSE, "admin/labels"): ADMIN,
    (HOUSE, "admin/configuration"): ADMIN,
    (HOUSE, "admin/trash"): ADMIN,
    (HOUSE, "admin/storage"): ADMIN,
    (HOUSE, "admin/health"): ADMIN,
    (HOUSE, "activity/export"): SIGNED_IN,
    (HOUSE, "jobs"): ADMIN,
    (HOUSE, "jobs/{id}"): ADMIN,
    (HOUSE, "jobs/{id}/log"): ADMIN,
    (HOUSE, "projects/new"): SIGNED_IN,
    (HOUSE, "trash/{id}"): of("repository delete"),
    (PROJECT, ""): of("project read"),
    (PROJECT, "trash"): of("tag delete"),
    (REPOSITORY, ""): of("artifact list"),
    (REPOSITORY, "readme"): of("artifact list"),
    (REPOSITORY, "history"): of("artifact list", "tag list"),
    (REPOSITORY, "trash"): of("artifact list", "artifact delete"),
    (REPOSITORY, "settings"): of("artifact list", "repository delete"),
    (REPOSITORY, "delete"): of("artifact list", "artifact delete"),
    (REPOSITORY, "copy"): of("artifact list"),
    (REPOSITORY, "labels"): of("artifact list", "artifact-label create"),
    (PROJECT, "members"): of("member list"),
    (PROJECT, "labels"): of("label list"),
    (PROJECT, "robots"): of("robot list"),
    (PROJECT, "robots/new"): of("robot create"),
    (PROJECT, "robots/{id}"): of("robot read"),
    (PROJECT, "policies"): of("tag-retention read", "tag-retention list"),
    (PROJECT, "policies/preview"): of("tag-retention read"),
    (PROJECT, "policies/rules/new"): of("tag-retention create"),
    (PROJECT, "policies/rules/{id}"): of("tag-retention update"),
    (PROJECT, "policies/rules/{id}/{how}"): of("tag-retention update"),
    (PROJECT, "policies/runs/{id}"): of("tag-retention list"),
    (PROJECT, "policies/runs/{id}/log"): of("tag-retention list"),
    (PROJECT, "policies/never-change"): of("immutable-tag list"),
    (PROJECT, "policies/never-change/new"): of("immutable-tag create"),
    (PROJECT, "policies/never-change/{id}"): of("immutable-tag update"),
    (PROJECT, "policies/holds"): of("artifact list"),
    (REPOSITORY, "compare"): of("artifact list"),
    (PROJECT, "activity"): of("log list"),
    (PROJECT, "quota"): of("quota read", "repository list"),
    (PROJECT, "settings"): of("configuration read"),
    (PROJECT, "settings/delete"): of("project delete"),
    (ARTIFACT, ""): of("artifact read"),
    (ARTIFACT, "config"): of("artifact read"),
    (ARTIFACT, "manifest"): of("artifact read"),
    (ARTIFACT, "manifest/raw"): of("artifact read"),
    (ARTIFACT, "addition/{name}"): of("artifact read"),
    (ARTIFACT, "layers"): of("artifact read"),
    (ARTIFACT, "file"): of("artifact read"),
}
CHANGING: dict[tuple[Place, str], Right] = {
    (HOUSE, "sign-in"): EVERYBODY,
    (HOUSE, "sign-out"): EVERYBODY,
    (HOUSE, "prefer"): EVERYBODY,
    (HOUSE, "register"): NOBODY,
    (HOUSE, "account/profile"): SIGNED_IN,
    (HOUSE, "account/password"): SIGNED_IN,
    (HOUSE, "account/secret"): SIGNED_IN,
    (HOUSE, "account/sessions/end"): SIGNED_IN,
    (HOUSE, "account/sessions/end-all"): SIGNED_IN,
    (HOUSE, "jobs/queue"): ADMIN,
    (HOUSE, "admin/users"): ADMIN,
    (HOUSE, "admin/users/{id}/admin"): ADMIN,
    (HOUSE, "admin/users/{id}/password"): ADMIN,
    (HOUSE, "admin/users/{id}/delete"): ADMIN,
    (HOUSE, "admin/groups"): ADMIN,
    (HOUSE, "admin/groups/{id}/rename"): ADMIN,
    (HOUSE, "admin/groups/{id}/delete"): ADMIN,
    (HOUSE, "admin/robots"): ADMIN,
    (HOUSE, "admin/robots/{id}"): ADMIN,
    (HOUSE, "admin/robots/{id}/switch"): ADMIN,
    (HOUSE, "admin/robots/{id}/refresh"): ADMIN,
    (HOUSE, "admin/robots/{id}/delete"): ADMIN,
    (HOUSE, "admin/quotas/default"): ADMIN,
    (HOUSE, "admin/quotas/{id}"): ADMIN,
    (HOUSE, "admin/labels"): ADMIN,
    (HOUSE, "admin/labels/{id}"): ADMIN,
    (HOUSE, "admin/labels/{id}/delete"): ADMIN,
    (HOUSE, "admin/configuration"): ADMIN,
    (HOUSE, "admin/configuration/allowlist"): ADMIN,
    (HOUSE, "jobs/start"): ADMIN,
    (HOUSE, "jobs/plan"): ADMIN,
    (HOUSE, "jobs/{id}/stop"): ADMIN,
    (HOUSE, "jobs/{id}/again"): ADMIN,
    (HOUSE, "projects/new"): SIGNED_IN,
    (PROJECT, "members"): of("member create"),
    (PROJECT, "members/{id}"): of("member update"),
    (PROJECT, "members/{id}/remove"): of("member delete"),
    (PROJECT, "labels"): of("label create"),
    (PROJECT, "labels/{id}"): of("label update"),
    (PROJECT, "labels/{id}/delete"): of("label delete"),
    (PROJECT, "robots/new"): of("robot create"),
    (PROJECT, "robots/{id}"): of("robot update"),
    (PROJECT, "robots/{id}/switch"): of("robot update"),
    (PROJECT, "robots/{id}/refresh"): of("robot update"),
    (PROJECT, "robots/{id}/delete"): of("robot delete"),
    (PROJECT, "policies/rules/new"): of("tag-retention create"),
    (PROJECT, "policies/rules/{id}"): of("tag-retention update"),
    (PROJECT, "policies/rules/{id}/{how}"): of("tag-retention update"),
    (PROJECT, "policies/schedule"): of("tag-retention update"),
    (PROJECT, "policies/remove"): of("tag-retention delete"),
    (PROJECT, "policies/run"): of("tag-retention update"),
    (PROJECT, "policies/runs/{id}/stop"): of("tag-retention update"),
    (PROJECT, "policies/never-change/new"): of("immutable-tag create"),
    (PROJECT, "policies/never-change/{id}"): of("immutable-tag update"),
    (PROJECT, "policies/never-change/{id}/switch"): of("immutable-tag update"),
    (PROJECT, "policies/never-change/{id}/remove"): of("immutable-tag delete"),
    (PROJECT, "policies/holds"): of("project update"),
    (PROJECT, "policies/holds/{id}/lift"): of("project update"),
    (PROJECT, "quota/limit"): ADMIN,
    (PROJECT, "settings/access"): of("project update"),
    (PROJECT, "settings/content"): of("project update"),
    (PROJECT, "settings/trash"): of("project update"),
    (PROJECT, "settings/allowlist"): of("project update"),
    (PROJECT, "settings/delete"): of("project delete"),
    (HOUSE, "trash/{id}/restore"): of("repository delete"),
    (HOUSE, "trash/{id}/purge"): of("repository delete"),
    (HOUSE, "undo"): SIGNED_IN,
    (REPOSITORY, "readme"): of("repository update"),
    (REPOSITORY, "history"): of("tag create"),
    (REPOSITORY, "settings/delete"): of("repository delete"),
    (REPOSITORY, "holds"): of("project update"),
    (REPOSITORY, "delete"): of("artifact delete"),
    (REPOSITORY, "copy"): of("artifact read"),
    (REPOSITORY, "labels"): of("artifact-label create"),
    (ARTIFACT, "tags"): of("tag create"),
}
FORMS: dict[tuple[Place, str], dict[str, str]] = {
    (HOUSE, "sign-in"): {"name": "owner", "password": PASSWORD},
    (HOUSE, "account/password"): {"old": PASSWORD, "new": "Right-Horse-8", "again": "Right-Horse-8"},
    (HOUSE, "account/secret"): {"password": PASSWORD},
    (HOUSE, "admin/users"): {"name": "fresh", "password": PASSWORD},
    (HOUSE, "admin/users/{id}/password"): {"password": "Right-Horse-8"},
    (HOUSE, "admin/groups"): {"name": "fresh", "kind": "3"},
    (HOUSE, "admin/groups/{id}/rename"): {"name": "fresh"},
    (HOUSE, "admin/robots"): {"name": "fresh", "may": "pull", "days": "30"},
    (HOUSE, "admin/robots/{id}"): {"may": "pull", "days": "30"},
    (HOUSE, "admin/quotas/default"): {"limit": "5", "unit": "GB"},
    (HOUSE, "admin/quotas/{id}"): {"limit": "5", "unit": "GB"},
    (HOUSE, "admin/labels"): {"name": "fresh", "color": "#102030"},
    (HOUSE, "admin/labels/{id}"): {"name": "fresh", "color": "#102030"},
    (HOUSE, "admin/configuration"): {"setting": "session_timeout", "session_timeout": "90"},
    (HOUSE, "jobs/start"): {"what": "collection"},
    (HOUSE, "jobs/plan"): {"what": "collection", "cadence": "Daily"},
}
"""What is posted, where an empty form would not reach what the right is for."""
