"""The tables of permissions are Harbor's, entry by entry, and several roles allow what any of them does."""

import itertools
import json
from pathlib import Path

import pytest

from entrepot.access.roles import BY_POWER, EVERY_PERMISSION, SYSTEM_ADMIN, permissions_of, strongest
from entrepot.model.errors import Invalid
from entrepot.model.permission import ROBOT_IN_PROJECT, ROBOT_IN_SYSTEM, Permission, parse_permission
from entrepot.model.project import Role

CONTRACT = json.loads((Path(__file__).parent.parent / "harbor" / "contract.json").read_text())["rbac"]
ROLES = {
    "projectAdmin": Role.PROJECT_ADMIN,
    "maintainer": Role.MAINTAINER,
    "developer": Role.DEVELOPER,
    "guest": Role.GUEST,
    "limitedGuest": Role.LIMITED_GUEST,
}


def _said(table: dict[str, list[str]]) -> set[Permission]:
    return {
        parse_permission("project" if resource == "(self)" else resource, action)
        for resource, actions in table.items()
        for action in actions
    }


@pytest.mark.parametrize("name", ROLES)
def test_each_role(name: str) -> None:
    found = permissions_of(roles=frozenset({ROLES[name]}), public=False, admin=False)
    assert found == _said(CONTRACT["project_roles"][name])
    assert len(found) == CONTRACT["role_policy_counts"][name]


def test_the_public_the_administrator_and_robots() -> None:
    assert permissions_of(roles=frozenset(), public=False, admin=False) == set()
    assert permissions_of(roles=frozenset(), public=True, admin=False) == _said(
        CONTRACT["public_project_anonymous_or_nonmember"]
    )
    assert _said(CONTRACT["system_admin_namespace_policies"]) == SYSTEM_ADMIN
    assert permissions_of(roles=frozenset(), public=False, admin=True) == EVERY_PERMISSION
    assert _said(CONTRACT["robot_grantable"]["system"]) == ROBOT_IN_SYSTEM
    assert _said(CONTRACT["robot_grantable"]["project"]) == ROBOT_IN_PROJECT
    assert (len(ROBOT_IN_SYSTEM), len(ROBOT_IN_PROJECT)) == (70, 70)


def test_several_roles_allow_what_any_of_them_does() -> None:
    for one, other in itertools.product(Role, Role):
        both = permissions_of(roles=frozenset({one, other}), public=False, admin=False)
        each = (permissions_of(roles=frozenset({role}), public=False, admin=False) for role in (one, other))
        assert both == frozenset().union(*each)


def test_the_strongest_role_is_told_by_power_not_by_number() -> None:
    assert [ROLES[name] for name in CONTRACT["role_power_order"]] == list(BY_POWER)
    assert strongest(frozenset({Role.GUEST, Role.MAINTAINER})) is Role.MAINTAINER
    assert strongest(frozenset()) is None


@pytest.mark.parametrize(("resource", "action"), [("repository", "fly"), ("moon", "pull"), ("", "")])
def test_unknown_permissions_are_refused(resource: str, action: str) -> None:
    with pytest.raises(Invalid):
        parse_permission(resource, action)
