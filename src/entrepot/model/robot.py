"""Robots: accounts for programs, by Harbor's rules."""

import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from entrepot.model.errors import Denied, Invalid, NameInvalid
from entrepot.model.permission import (
    ROBOT_IN_PROJECT,
    ROBOT_IN_SYSTEM,
    Permission,
    Resource,
    Verb,
)

FOR_EVER = -1
LONGEST_DURATION = 2**31 - 2
"""Days."""
SHORTEST_SECRET, LONGEST_SECRET = 8, 128
LONGEST_NAME = 255
DAY = 24 * 3600 * 1_000_000
EVERY_PROJECT = "*"

_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*").fullmatch
_ALPHABET = string.ascii_letters + string.digits
_GENERATED_LENGTH = 32


class Holding(NamedTuple):
    """Where permissions hold: in the system, or in a project, by its name, or in every one (`*`)."""

    kind: str
    """`system` or `project`"""
    namespace: str
    """`/` for the system"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotSettings:
    """A robot as it is asked for."""

    name: str
    """Its own, without the prefix and its project's name."""
    description: str
    level: str
    """`system` or `project`"""
    disabled: bool
    duration: int
    """Days; -1: for ever."""
    permissions: Mapping[Holding, tuple[Permission, ...]]

    def check(self) -> None:
        """Returns if a robot can be so, whatever its name. Raises Invalid."""
        check_duration(self.duration)
        if self.level not in ("system", "project"):
            raise Invalid("a robot's level is system or project")
        check_permissions(self.level, self.permissions)

    @property
    def project(self) -> str | None:
        """The project of a robot of one."""
        return next(iter(self.permissions)).namespace if self.level == "project" else None


def check_name(name: str) -> None:
    """Returns if a robot may have that name. Raises NameInvalid."""
    if not 1 <= len(name) <= LONGEST_NAME or not _NAME(name):
        raise NameInvalid(
            f"a robot's name has 1 to {LONGEST_NAME} lower-case letters and digits, "
            "with single separators (. _ -) inside"
        )


def check_duration(days: int) -> None:
    """Returns if a robot may live for so long. Raises Invalid."""
    if days != FOR_EVER and not 1 <= days <= LONGEST_DURATION:
        raise Invalid(f"a robot lives for 1 to {LONGEST_DURATION} days, or with -1 for ever")


def check_secret(text: str) -> None:
    """Returns if the secret may be chosen: 8 to 128 characters, with an upper, a lower and a digit. Raises Invalid."""
    if not SHORTEST_SECRET <= len(text) <= LONGEST_SECRET:
        raise Invalid(f"a secret has {SHORTEST_SECRET} to {LONGEST_SECRET} characters")
    if not _is_mixed(text):
        raise Invalid("a secret has at least one upper-case letter, one lower-case letter and one digit")


def check_permissions(level: str, given: Mapping[Holding, tuple[Permission, ...]]) -> None:
    """Returns if a robot of that level can be given these. Raises Invalid."""
    if not given:
        raise Invalid("say what the robot may do: permissions")
    if level == "project" and len(given) != 1:
        raise Invalid("a project's robot has permissions in that one project")
    for holding, allowed in given.items():
        if holding.kind not in ("system", "project") or (level == "project" and holding.kind != "project"):
            raise Invalid("the kind of permissions is system or project, for a project's robot project")
        if holding.kind == "system" and holding.namespace != "/":
            raise Invalid("the namespace of permissions in the system is /")
        if holding.namespace == EVERY_PROJECT and level == "project":
            raise Invalid("a project's robot has permissions in that one project")
        if not allowed:
            raise Invalid(f"say what the robot may do in {holding.namespace}: access")
        grantable = ROBOT_IN_SYSTEM if holding.kind == "system" else ROBOT_IN_PROJECT
        for permission in allowed:
            if permission not in grantable:
                raise Invalid(f"a robot cannot be given {permission.action} {permission.resource} there")


def require_subset(
    given: Mapping[Holding, tuple[Permission, ...]], own: Mapping[Holding, frozenset[Permission]]
) -> None:
    """Returns if a robot that may do `own` may make one that may do `given`: no more than itself. Raises Denied."""
    everywhere = own.get(Holding("project", EVERY_PROJECT), frozenset())
    for holding, allowed in given.items():
        mine = own.get(holding, frozenset())
        if holding.kind == "project":
            mine |= everywhere
        if not mine.issuperset(allowed):
            raise Denied("a robot can give another one only what it may do itself")


def with_pull(level: str, allowed: tuple[Permission, ...]) -> tuple[Permission, ...]:
    """What a robot is given: in a project, whoever may push may pull."""
    push, pull = Permission(Resource.REPOSITORY, Verb.PUSH), Permission(Resource.REPOSITORY, Verb.PULL)
    return (*allowed, pull) if level == "project" and push in allowed and pull not in allowed else allowed


def stored_name(name: str, project: str | None) -> str:
    """The name that tells robots apart: `project+name`, or of a robot of the system its own."""
    return name if project is None else f"{project}+{name}"


def expiry(created_at: int, duration: int) -> int | None:
    """When the robot's time is over, in microseconds since 1970; None for never."""
    return None if duration == FOR_EVER else created_at + duration * DAY


def generate_secret() -> str:
    """A random secret that fulfils the rule, with some 190 bits that nobody can guess."""
    while True:
        text = "".join(secrets.choice(_ALPHABET) for _ in range(_GENERATED_LENGTH))
        if _is_mixed(text):
            return text


def _is_mixed(text: str) -> bool:
    return any(map(str.isupper, text)) and any(map(str.islower, text)) and any(map(str.isdigit, text))
