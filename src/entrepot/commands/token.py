"""`entrepot token`."""

import asyncio
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter

from entrepot.commands.house import open_house, shell_grant
from entrepot.commands.place import HERE, Place, existing_settings
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
    settings = existing_settings(place)
    asked = None if lifetime is None else _lifetime(lifetime)

    async def issue() -> str:
        async with open_house(settings) as house:
            return await house.tokens.issue(shell_grant(), name, scope, asked)

    print(asyncio.run(issue()))
    return 0


def _lifetime(text: str) -> timedelta:
    asked = parse_duration(text)
    if not timedelta(minutes=1) <= asked <= timedelta(minutes=60):
        raise SettingsInvalid("--lifetime must be from 1m to 60m")
    return asked
