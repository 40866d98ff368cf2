"""What each role may do: the one table."""

from entrepot.model.project import Action, Role

NOTHING: frozenset[Action] = frozenset()
EVERYTHING = frozenset(Action)

_PULL = frozenset({Action.PULL})
_DEVELOP = frozenset({Action.PULL, Action.PUSH})

# Harbor's table (its project roles' rights on repositories, artifacts and tags), as far as the registry's API goes.
_BY_ROLE = {
    Role.PROJECT_ADMIN: EVERYTHING,
    Role.MAINTAINER: EVERYTHING,
    Role.DEVELOPER: _DEVELOP,
    Role.GUEST: _PULL,
    Role.LIMITED_GUEST: _PULL,
}


def allowed(*, admin: bool, role: Role | None, public: bool) -> frozenset[Action]:
    """What somebody may do with the repositories of a project.

    `admin`: they administer the instance; `role`: theirs in the project; `public`: whether the project is.
    """
    if admin:
        return EVERYTHING
    if role is not None:
        return _BY_ROLE[role]
    return _PULL if public else NOTHING
