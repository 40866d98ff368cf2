"""Who may do what by the contract, and a request for each operation that changes nothing where it is allowed."""

import re
from dataclasses import dataclass
from typing import Any

PLACES = ("own", "public", "hidden", "nowhere")
"""A private project where the five have their roles, two that are others', a name that nobody has."""
ROLES = {
    "owner": "projectAdmin",
    "keeper": "maintainer",
    "maker": "developer",
    "visitor": "guest",
    "peeker": "limitedGuest",
}
MISSING = 999_999_999
DIGEST = "sha256:" + "0" * 64
_PERMISSION = re.compile(r"(system|project):([a-z-]+|\(self\)):([a-z]+)").fullmatch


@dataclass(frozen=True, slots=True)
class Needed:
    """A permission in the system, or in the project that a request is about."""

    where: str
    resource: str
    action: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may do one operation."""

    signed_in: bool
    needed: tuple[Needed, ...]
    everybody: bool = False
    robots: bool = True
    """Whether robots of projects count as somebody who is signed in."""

    @property
    def of_project(self) -> bool:
        """Whether it depends on a project."""
        return any(one.where == "project" for one in self.needed)


EVERYBODY = Rule(signed_in=False, needed=(), everybody=True)
SIGNED_IN = Rule(signed_in=True, needed=())


def _system(resource: str, action: str) -> Rule:
    return Rule(signed_in=False, needed=(Needed("system", resource, action),))


def _project(resource: str, action: str) -> Rule:
    return Rule(signed_in=False, needed=(Needed("project", resource, action),))


BY_HAND = {
    "listProjects": EVERYBODY,
    "listAllRepositories": EVERYBODY,
    "search": EVERYBODY,
    "getSystemInfo": EVERYBODY,
    "createProject": Rule(signed_in=True, needed=(), robots=False),
    "listAuditLogs": SIGNED_IN,
    "listAuditLogExts": SIGNED_IN,
    # Of somebody else's account: one's own is everybody's.
    "getUser": _system("user", "read"),
    "updateUserProfile": _system("user", "update"),
    "updateUserPassword": _system("user", "update"),
    "setCliSecret": _system("user", "update"),
    "createUser": _system("user", "create"),
    "deleteUser": _system("user", "delete"),
    "getConfigurations": _system("configuration", "read"),
    # Of one project: those of the system are in tests of their own.
    "ListLabels": _project("label", "list"),
    "CreateLabel": _project("label", "create"),
    "GetLabelByID": _project("label", "read"),
    "UpdateLabel": _project("label", "update"),
    "DeleteLabel": _project("label", "delete"),
    "ListRobot": _project("robot", "list"),
    "CreateRobot": _project("robot", "create"),
}
"""Rules that the contract tells in words."""
_READS_ROOM = (Needed("project", "quota", "read"), Needed("project", "repository", "list"))
OURS = {
    # Nobody but administrators is told that there is no such deletion.
    "listTrash": SIGNED_IN,
    "getTrash": _system("project", "delete"),
    "restoreTrash": _system("project", "delete"),
    "purgeTrash": _system("project", "delete"),
    "getProjectTrash": _project("quota", "read"),
    "updateProjectTrash": _project("project", "update"),
    "listTagHistory": _project("tag", "list"),
    "rollBackTag": _project("tag", "create"),
    "listHolds": _project("artifact", "list"),
    "placeHold": _project("project", "update"),
    "liftHold": _project("project", "update"),
    "listQuarantine": _system("system-volumes", "read"),
    "getQuarantined": _system("system-volumes", "read"),
    "getStorageUsage": _system("system-volumes", "read"),
    "listScrubs": _system("garbage-collection", "list"),
    "startScrub": _system("garbage-collection", "create"),
    "getScrub": _system("garbage-collection", "read"),
    "getScrubLog": _system("garbage-collection", "read"),
    "stopScrub": _system("garbage-collection", "stop"),
    "getProjectUsage": _project("quota", "read"),
    "listRepositoryUsage": Rule(signed_in=False, needed=_READS_ROOM),
    "listBlobUsage": Rule(signed_in=False, needed=_READS_ROOM),
}
"""Rules of operations that the contract does not have."""
ELSEWHERE = {
    "getInternalconfig": "nobody may",
    "getPermissions": "test_permissions",
    "GetRobotByID": "test_robots",
    "UpdateRobot": "test_robots",
    "RefreshSec": "test_robots",
    "DeleteRobot": "test_robots",
}
"""Operations whose rights are not those of a project or of the system alone, and where they are tested."""


def rule_of(operation: str, contract: dict[str, list[str]]) -> Rule:
    """The rule of an operation. Raises ValueError for one that nobody has read yet."""
    if operation in OURS:
        return OURS[operation]
    authz = contract[operation]
    if operation in BY_HAND:
        return BY_HAND[operation]
    if authz == ["anonymous allowed"]:
        return EVERYBODY
    needed = []
    for text in authz:
        if text == "authenticated":
            continue
        found = _PERMISSION(text.removeprefix("authenticated, then "))
        if found is None:
            raise ValueError(f"{operation}: {text!r} is to be read by somebody")
        needed.append(Needed(found[1], "project" if found[2] == "(self)" else found[2], found[3]))
    return Rule(signed_in=not needed or any(text.startswith("authenticated") for text in authz), needed=tuple(needed))


class Policies:
    """The contract's tables of permissions."""

    def __init__(self, contract: dict[str, Any]) -> None:
        rbac = contract["rbac"]
        self._roles = {name: _pairs(told) for name, told in rbac["project_roles"].items()}
        self._public = _pairs(rbac["public_project_anonymous_or_nonmember"])
        self.robot = {where: _pairs(told) for where, told in rbac["robot_grantable"].items()}

    def holds(self, who: str, place: str, needed: Needed) -> bool:
        """Whether one of the people, no administrator, has the permission there."""
        if needed.where == "system":
            return False
        pair = (needed.resource, needed.action)
        if place == "own" and who in ROLES:
            return pair in self._roles[ROLES[who]]
        return place == "public" and pair in self._public


def _pairs(told: dict[str, list[str]]) -> set[tuple[str, str]]:
    return {
        ("project" if resource == "(self)" else resource, action)
        for resource, actions in told.items()
        for action in actions
    }


BODIES: dict[str, Any] = {
    "createUser": {"username": "", "password": ""},
    "updateUserProfile": {"email": "not an address"},
    "setUserSysAdmin": {"sysadmin_flag": False},
    "updateUserPassword": {"new_password": "short"},
    "setCliSecret": {"secret": "Right-Horse-8"},
    "createProject": {"project_name": "Not a name"},
    "updateProject": {"metadata": {"severity": "nonsense"}},
    "addProjectMetadatas": {"nonsense": "1"},
    "updateProjectMetadata": {"auto_scan": "nonsense"},
    "createProjectMember": {"role_id": 77},
    "updateProjectMember": {"role_id": 77},
    "UpdateLabel": {"name": ""},
    "updateConfigurations": {"session_timeout": -5},
    "createUserGroup": {"group_name": "", "group_type": 77},
    "updateUserGroup": {"group_name": ""},
    "updateQuota": {"hard": {"storage": -7}},
    "putSystemCVEAllowlist": {"items": [{"cve_id": ""}]},
    "updateRepository": {"description": "x"},
    "createTag": {"name": "not a tag"},
    "addLabel": {"id": MISSING},
    "CreateImmuRule": {"action": "nonsense"},
    "UpdateImmuRule": {"id": MISSING, "action": "nonsense"},
    "updateRetention": {"algorithm": "nonsense"},
    "triggerRetentionExecution": {"dry_run": True},
    "operateRetentionExecution": {"action": "nonsense"},
    "CreateRobot": None,
    "RefreshSec": {"secret": "short"},
    "createGCSchedule": {"schedule": {"type": "Daily"}},
    "updateGCSchedule": {"schedule": {"type": "Daily"}},
    "createPurgeSchedule": {"schedule": {"type": "Daily"}},
    "updatePurgeSchedule": {"schedule": {"type": "Daily"}},
    "actionPendingJobs": {"action": "stop"},
    "restoreTrash": {},
    "updateProjectTrash": {"own_window_seconds": -7},
    "rollBackTag": {"digest": DIGEST},
    "placeHold": {"reference": "none"},
}
"""What is sent: something that is refused for its content, once it is allowed."""
QUERIES: dict[str, dict[str, str]] = {
    "headProject": {"project_name": "public"},
    "searchUsers": {"username": "a"},
    "searchUserGroups": {"groupname": "a"},
    "search": {"q": "a"},
    "CopyArtifact": {"from": "public/none@" + DIGEST},
}
PATH_VALUES = {
    "repository_name": "app",
    "reference": DIGEST,
    "tag_name": "none",
    "meta_name": "auto_scan",
    "addition": "build_history",
    "digest": DIGEST,
    "label_id": str(MISSING),
    "mid": str(MISSING),
    "user_id": str(MISSING),
    "group_id": str(MISSING),
    "id": str(MISSING),
    "robot_id": str(MISSING),
    "gc_id": str(MISSING),
    "purge_id": str(MISSING),
    "scrub_id": str(MISSING),
    "pool_id": "none",
    "job_id": str(MISSING),
    "job_type": "NONE",
    "trash_id": str(MISSING),
    "hold_id": str(MISSING),
    "immutable_rule_id": str(MISSING),
    "eid": str(MISSING),
    "tid": str(MISSING),
}
