"""What each role may do: the one table, Harbor's."""

from functools import lru_cache

from entrepot.model.permission import Permission, Resource, Verb, permissions
from entrepot.model.project import Action, Role

_BY_ROLE = {
    Role.PROJECT_ADMIN: permissions(
        {
            Resource.PROJECT: "read update delete",
            Resource.MEMBER: "create read update delete list",
            Resource.METADATA: "create read update delete",
            Resource.LOG: "list",
            Resource.LABEL: "create read update delete list",
            Resource.QUOTA: "read",
            Resource.REPOSITORY: "create read update delete list pull push",
            Resource.TAG_RETENTION: "create read update delete list operate",
            Resource.IMMUTABLE_TAG: "create update delete list",
            Resource.CONFIGURATION: "read update",
            Resource.ROBOT: "create read update delete list",
            Resource.NOTIFICATION_POLICY: "create update delete list read",
            Resource.SCAN: "create read stop",
            Resource.SBOM: "create stop read",
            Resource.SCANNER: "read create",
            Resource.ARTIFACT: "create read delete list",
            Resource.ARTIFACT_ADDITION: "read",
            Resource.TAG: "list create delete",
            Resource.ACCESSORY: "list",
            Resource.ARTIFACT_LABEL: "create delete",
            Resource.PREHEAT_POLICY: "create read update delete list",
            Resource.EXPORT_CVE: "create read list",
        }
    ),
    Role.MAINTAINER: permissions(
        {
            Resource.PROJECT: "read",
            Resource.MEMBER: "read list",
            Resource.METADATA: "read",
            Resource.QUOTA: "read",
            Resource.LABEL: "create read update delete list",
            Resource.REPOSITORY: "create read update delete list push pull",
            Resource.TAG_RETENTION: "create read update delete list operate",
            Resource.ACCESSORY: "list",
            Resource.IMMUTABLE_TAG: "create update delete list",
            Resource.CONFIGURATION: "read",
            Resource.ROBOT: "read list",
            Resource.NOTIFICATION_POLICY: "read list",
            Resource.SCAN: "create read stop",
            Resource.SBOM: "create stop read",
            Resource.SCANNER: "read",
            Resource.ARTIFACT: "create read delete list",
            Resource.ARTIFACT_ADDITION: "read",
            Resource.TAG: "list create delete",
            Resource.ARTIFACT_LABEL: "create delete",
            Resource.EXPORT_CVE: "create read list",
        }
    ),
    Role.DEVELOPER: permissions(
        {
            Resource.PROJECT: "read",
            Resource.MEMBER: "read list",
            Resource.LABEL: "read list",
            Resource.QUOTA: "read",
            Resource.REPOSITORY: "create read update list push pull",
            Resource.TAG_RETENTION: "create read update delete list operate",
            Resource.CONFIGURATION: "read",
            Resource.ROBOT: "read list",
            Resource.SCAN: "read",
            Resource.SBOM: "read",
            Resource.SCANNER: "read",
            Resource.ARTIFACT: "create read list",
            Resource.ARTIFACT_ADDITION: "read",
            Resource.TAG: "list create",
            Resource.ACCESSORY: "list",
            Resource.ARTIFACT_LABEL: "create delete",
            Resource.EXPORT_CVE: "create read list",
        }
    ),
    Role.GUEST: permissions(
        {
            Resource.PROJECT: "read",
            Resource.MEMBER: "read list",
            Resource.LABEL: "read list",
            Resource.QUOTA: "read",
            Resource.REPOSITORY: "read list pull",
            Resource.CONFIGURATION: "read",
            Resource.ROBOT: "read list",
            Resource.SCAN: "read",
            Resource.SBOM: "read",
            Resource.SCANNER: "read",
            Resource.TAG: "list",
            Resource.ACCESSORY: "list",
            Resource.ARTIFACT: "read list",
            Resource.ARTIFACT_ADDITION: "read",
        }
    ),
    Role.LIMITED_GUEST: permissions(
        {
            Resource.PROJECT: "read",
            Resource.QUOTA: "read",
            Resource.REPOSITORY: "list read pull",
            Resource.CONFIGURATION: "read",
            Resource.SCAN: "read",
            Resource.SBOM: "read",
            Resource.SCANNER: "read",
            Resource.TAG: "list",
            Resource.ACCESSORY: "list",
            Resource.ARTIFACT: "read list",
            Resource.ARTIFACT_ADDITION: "read",
        }
    ),
}

_PUBLIC = permissions(
    {
        Resource.PROJECT: "read",
        Resource.LABEL: "read list",
        Resource.REPOSITORY: "list pull",
        Resource.SCAN: "read",
        Resource.SCANNER: "read",
        Resource.TAG: "list",
        Resource.ARTIFACT: "read list",
        Resource.ARTIFACT_ADDITION: "read",
        Resource.ACCESSORY: "list",
    }
)
"""What anybody at all may do in a public project."""

SYSTEM_ADMIN = permissions(
    {
        Resource.CATALOG: "read",
        Resource.AUDIT_LOG: "list",
        Resource.PROJECT: "create read update delete list",
        Resource.USER: "create read update delete list",
        Resource.USER_GROUP: "create read update delete list",
        Resource.REGISTRY: "create read update delete list",
        Resource.REPLICATION: "create read update list delete",
        Resource.DISTRIBUTION: "create read update delete list",
        Resource.GARBAGE_COLLECTION: "create read update delete list",
        Resource.SCAN_ALL: "create read update delete list stop",
        Resource.SYSTEM_VOLUMES: "read",
        Resource.LDAP_USER: "create list",
        Resource.CONFIGURATION: "read update",
        Resource.JOBSERVICE_MONITOR: "read list stop",
        Resource.SECURITY_HUB: "read list",
    }
)
"""What an administrator is told to be allowed in the system; in truth it is everything."""

EVERY_PERMISSION = frozenset(Permission(resource, action) for resource in Resource for action in Verb)

BY_POWER = (Role.PROJECT_ADMIN, Role.MAINTAINER, Role.DEVELOPER, Role.GUEST, Role.LIMITED_GUEST)
"""The strongest first; the numbers say nothing of it."""

NOTHING: frozenset[Action] = frozenset()
_ACTIONS = {
    Action.PULL: Permission(Resource.REPOSITORY, Verb.PULL),
    Action.PUSH: Permission(Resource.REPOSITORY, Verb.PUSH),
    Action.DELETE: Permission(Resource.REPOSITORY, Verb.DELETE),
}


@lru_cache(maxsize=256)
def permissions_of(*, roles: frozenset[Role], public: bool, admin: bool) -> frozenset[Permission]:
    """What somebody may do in a project.

    `roles`: theirs in the project, directly and through groups; `public`: whether the project is; `admin`: whether
    they administer the instance.
    """
    if admin:
        return EVERY_PERMISSION
    return (_PUBLIC if public else frozenset()).union(*(_BY_ROLE[role] for role in roles))


@lru_cache(maxsize=256)
def allowed(*, roles: frozenset[Role], public: bool, admin: bool) -> frozenset[Action]:
    """What somebody may do with the repositories of a project through the registry's own API; as `permissions_of`."""
    granted = permissions_of(roles=roles, public=public, admin=admin)
    return frozenset(action for action, permission in _ACTIONS.items() if permission in granted)


def strongest(roles: frozenset[Role]) -> Role | None:
    """The role that allows most; None if there is none."""
    return next((role for role in BY_POWER if role in roles), None)


def roles_with(permission: Permission) -> frozenset[Role]:
    """The roles in a project that have the permission there."""
    return frozenset(role for role, granted in _BY_ROLE.items() if permission in granted)
