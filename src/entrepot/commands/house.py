"""An opened registry, for the time of one command."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from entrepot.access.local import shell_grant
from entrepot.access.management import AT_THE_MACHINE, ManagementGate
from entrepot.app import House, open_house
from entrepot.commands.place import Place, existing_settings
from entrepot.config import Settings
from entrepot.model.grant import ProjectGrant, SystemGrant
from entrepot.model.reference import parse_project_name
from entrepot.settings_values import SettingsInvalid

T = TypeVar("T")
PAGE = 1000


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[House]:
    """The registry that the settings name; closed on leaving. Raises EntrepotError, SettingsInvalid."""
    async with AsyncExitStack() as stack:
        try:
            house = await stack.enter_async_context(open_house(settings))
        except ValueError as error:
            raise SettingsInvalid(str(error)) from error
        yield house


def ask_of_project(place: Place, project: str, operation: Callable[[House, ProjectGrant], Awaitable[T]]) -> T:
    """As `ask`, with the right to do anything in the project of that name. Raises ProjectUnknown besides."""

    async def do(house: House, _: SystemGrant) -> T:
        return await operation(
            house, await ManagementGate(house.db).project(AT_THE_MACHINE, parse_project_name(project))
        )

    return ask(place, do)


def ask(place: Place, operation: Callable[[House, SystemGrant], Awaitable[T]]) -> T:
    """What the operation returns, done with the right of somebody at the machine.

    Raises SettingsInvalid, and the EntrepotError that the operation raises.
    """

    async def do() -> T:
        async with opened(existing_settings(place)) as house:
            return await operation(house, shell_grant())

    return asyncio.run(do())
