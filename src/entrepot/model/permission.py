"""What may be done: an action on a kind of resource, by Harbor's names."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from entrepot.model.errors import Invalid


class Resource(StrEnum):
    """What something may be done to. `PROJECT` is a project itself, or in the system as a whole any of them."""

    ACCESSORY = "accessory"
    ARTIFACT = "artifact"
    ARTIFACT_ADDITION = "artifact-addition"
    ARTIFACT_LABEL = "artifact-label"
    AUDIT_LOG = "audit-log"
    CATALOG = "catalog"
    CONFIGURATION = "configuration"
    DISTRIBUTION = "distribution"
    EXPORT_CVE = "export-cve"
    GARBAGE_COLLECTION = "garbage-collection"
    IMMUTABLE_TAG = "immutable-tag"
    JOBSERVICE_MONITOR = "jobservice-monitor"
    LABEL = "label"
    LDAP_USER = "ldap-user"
    LOG = "log"
    MEMBER = "member"
    METADATA = "metadata"
    NOTIFICATION_POLICY = "notification-policy"
    PREHEAT_INSTANCE = "preheat-instance"
    PREHEAT_POLICY = "preheat-policy"
    PROJECT = "project"
    PURGE_AUDIT = "purge-audit"
    QUOTA = "quota"
    REGISTRY = "registry"
    REPLICATION = "replication"
    REPLICATION_ADAPTER = "replication-adapter"
    REPLICATION_POLICY = "replication-policy"
    REPOSITORY = "repository"
    ROBOT = "robot"
    SBOM = "sbom"
    SCAN = "scan"
    SCAN_ALL = "scan-all"
    SCANNER = "scanner"
    SECURITY_HUB = "security-hub"
    SYSTEM_VOLUMES = "system-volumes"
    TAG = "tag"
    TAG_RETENTION = "tag-retention"
    USER = "user"
    USER_GROUP = "user-group"


class Verb(StrEnum):
    """What may be done to it."""

    CREATE = "create"
    DELETE = "delete"
    LIST = "list"
    OPERATE = "operate"
    PULL = "pull"
    PUSH = "push"
    READ = "read"
    STOP = "stop"
    UPDATE = "update"


class Permission(NamedTuple):
    """An action on a kind of resource."""

    resource: Resource
    action: Verb


def parse_permission(resource: str, action: str) -> Permission:
    """The permission of these names. Raises Invalid."""
    try:
        return Permission(Resource(resource), Verb(action))
    except ValueError as error:
        raise Invalid(f"there is no permission to {action[:64]!r} {resource[:64]!r}") from error


def permissions(table: Mapping[Resource, str]) -> frozenset[Permission]:
    """The permissions of a table that gives for each resource the actions, with spaces between."""
    return frozenset(
        Permission(resource, Verb(action)) for resource, actions in table.items() for action in actions.split()
    )


ROBOT_IN_SYSTEM = permissions(
    {
        Resource.AUDIT_LOG: "list",
        Resource.PREHEAT_INSTANCE: "read create delete list update",
        Resource.PROJECT: "list create",
        Resource.REPLICATION_POLICY: "read create delete list update",
        Resource.REPLICATION: "read create list",
        Resource.REPLICATION_ADAPTER: "list",
        Resource.REGISTRY: "read create delete list update",
        Resource.SCAN_ALL: "read update stop create",
        Resource.SYSTEM_VOLUMES: "read",
        Resource.GARBAGE_COLLECTION: "read create list update stop",
        Resource.PURGE_AUDIT: "read create list update stop",
        Resource.JOBSERVICE_MONITOR: "list stop",
        Resource.SCANNER: "read create delete list update",
        Resource.LABEL: "read create delete update",
        Resource.SECURITY_HUB: "read list",
        Resource.CATALOG: "read",
        Resource.QUOTA: "read list update",
        Resource.ROBOT: "create read list delete",
        Resource.USER: "create read update list delete",
        Resource.LDAP_USER: "create list",
        Resource.USER_GROUP: "create read update list delete",
    }
)
"""What a robot may be given in the system as a whole."""

ROBOT_IN_PROJECT = permissions(
    {
        Resource.LOG: "list",
        Resource.PROJECT: "read delete update",
        Resource.METADATA: "read create delete list update",
        Resource.REPOSITORY: "read update delete list pull push",
        Resource.ARTIFACT: "read create list delete",
        Resource.SCAN: "create read stop",
        Resource.SBOM: "create stop read",
        Resource.TAG: "create list delete",
        Resource.ACCESSORY: "list",
        Resource.ARTIFACT_ADDITION: "read",
        Resource.ARTIFACT_LABEL: "create delete",
        Resource.SCANNER: "create read",
        Resource.PREHEAT_POLICY: "read create delete list update",
        Resource.IMMUTABLE_TAG: "create delete list update",
        Resource.NOTIFICATION_POLICY: "read create delete list update",
        Resource.TAG_RETENTION: "read create delete list update",
        Resource.LABEL: "read create delete list update",
        Resource.QUOTA: "read",
        Resource.ROBOT: "create read list delete",
        Resource.EXPORT_CVE: "create read",
        Resource.MEMBER: "create read update list delete",
    }
)
"""What a robot may be given in a project."""
