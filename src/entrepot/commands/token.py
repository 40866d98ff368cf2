"""`entrepot token`."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from cyclopts import Parameter

from entrepot.access.identity import Identity, stamp_of
from entrepot.access.tokens import Tokens
from entrepot.api.token.scopes import Wanted, parse_query
from entrepot.app import House
from entrepot.commands.house import ask
from entrepot.commands.place import HERE, Place
from entrepot.commands.printing import UsageWrong, say
from entrepot.config import LONGEST_TOKEN, SHORTEST_TOKEN
from entrepot.db import users
from entrepot.model.errors import Denied, UserUnknown
from entrepot.model.grant import Principal, Proof, SystemGrant
from entrepot.settings_values import SettingsInvalid, parse_duration


def token(
    name: str,
    /,
    *,
    scope: Annotated[tuple[str, ...], Parameter(negative="", metavar="SCOPE")],
    lifetime: Annotated[str | None, Parameter(metavar="DURATION")] = None,
    place: Place = HERE,
) -> int:
    """Print a bearer token for a user, covering of each scope what the user may do.

    Parameters
    ----------
    name
        The user it is for.
    scope
        What it is for, as repository:NAME:ACTIONS; may be given several times.
    lifetime
        How long it is good for. [default: the setting token_lifetime]
    """
    asked = None if lifetime is None else _lifetime(lifetime)
    wanted = _wanted(scope)

    async def issue(house: House, _grant: SystemGrant) -> str:
        tokens = house.tokens if asked is None else Tokens(house.keys, int(asked.total_seconds()))
        identity = await _identity(house, name)
        allowed = await house.gate.permitted(identity, wanted.repositories)
        for repository, actions in wanted.repositories.items():
            refused = actions - allowed.get(repository.text, frozenset())
            if refused:
                say(f"left out, because {name} may not: {', '.join(sorted(refused))} {repository}")
        return (await tokens.issue(identity, allowed, catalog=wanted.catalog)).token

    print(ask(place, issue))
    return 0


def _lifetime(text: str) -> timedelta:
    asked = parse_duration(text)
    if not SHORTEST_TOKEN <= asked <= LONGEST_TOKEN:
        raise SettingsInvalid("--lifetime must be from 1m to 55m")
    return asked


def _wanted(scopes: tuple[str, ...]) -> Wanted:
    for scope in scopes:
        wanted = parse_query(urlencode({"scope": scope}).encode())
        if not wanted.repositories and not wanted.catalog:
            raise UsageWrong(f"{scope!r} is no scope: write it as repository:library/hello:pull,push")
    return parse_query(urlencode([("scope", scope) for scope in scopes]).encode())


async def _identity(house: House, name: str) -> Identity:
    """The user as if they had signed in. Raises UserUnknown, Denied."""
    found = await house.db.read(lambda tx: users.find_with_password(tx, name))
    if found is None:
        raise UserUnknown(f"there is no user {name}")
    user, password_hash = found
    if user.disabled:
        raise Denied(f"{name} cannot sign in: `entrepot user enable {name}` lets them again")
    principal = Principal(user_id=user.id, name=user.name, admin=user.admin, proof=Proof.SHELL)
    return Identity(principal=principal, stamp=stamp_of(password_hash))
