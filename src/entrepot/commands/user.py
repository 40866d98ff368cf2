"""`entrepot user …`."""

from typing import Annotated

from cyclopts import App, Parameter

from entrepot.access.passwords import generate_password
from entrepot.app import House
from entrepot.commands.house import PAGE, ask
from entrepot.commands.place import HERE, Place, existing_settings
from entrepot.commands.printing import day_of, password_for, print_json, print_table, say
from entrepot.db.users import User
from entrepot.model.grant import SystemGrant

user = App(name="user", help="Create, list, disable and delete the people who can sign in.")


@user.command(
    help_epilogue="Examples:\n\n  entrepot user create alice\n\n  entrepot user create ci --generate\n\n"
    "  ENTREPOT_PASSWORD=… entrepot user create alice --admin"
)
def create(
    name: str,
    /,
    *,
    admin: Annotated[bool, Parameter(negative="")] = False,
    generate: Annotated[bool, Parameter(negative="")] = False,
    place: Place = HERE,
) -> int:
    """Create a user. The password is ENTREPOT_PASSWORD, or is asked for.

    Parameters
    ----------
    name
        What the user signs in as.
    admin
        Let the user administer the whole registry.
    generate
        Make a password up, and print it.
    """
    existing_settings(place)
    password = generate_password() if generate else password_for(name)
    ask(place, lambda house, grant: house.people.create_user(grant, name, password, admin=admin))
    say(f"The user {name} is there{', as an administrator' if admin else ''}.")
    _show(password, generated=generate)
    return 0


@user.command(name="list", help_epilogue="Example:\n\n  entrepot user list --json")
def list_users(*, json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """List all users.

    Parameters
    ----------
    json
        Print JSON.
    """
    found = ask(place, _all_users)
    if json:
        keys = ("name", "admin", "disabled", "created_at")
        print_json([{key: getattr(each, key) for key in keys} for each in found])
        return 0
    print_table(
        ("Name", "Administrator", "Can sign in", "Created (UTC)"),
        (
            (each.name, "yes" if each.admin else "no", "no" if each.disabled else "yes", day_of(each.created_at))
            for each in found
        ),
        nothing="There is no user yet: `entrepot user create NAME` makes one.",
    )
    return 0


@user.command(help_epilogue="Example:\n\n  entrepot user delete alice")
def delete(name: str, /, *, place: Place = HERE) -> int:
    """Delete a user, and with them their roles.

    Parameters
    ----------
    name
        The user.
    """
    ask(place, lambda house, grant: house.people.delete_user(grant, name))
    say(f"The user {name} is gone.")
    return 0


@user.command(
    name="password",
    help_epilogue="Examples:\n\n  entrepot user password alice\n\n  entrepot user password alice --generate",
)
def change_password(
    name: str, /, *, generate: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE
) -> int:
    """Give a user another password: ENTREPOT_PASSWORD, or one that is asked for.

    Parameters
    ----------
    name
        The user.
    generate
        Make a password up, and print it.
    """
    existing_settings(place)
    password = generate_password() if generate else password_for(name)
    ask(place, lambda house, grant: house.people.set_password(grant, name, password))
    say(f"The password of {name} is changed.")
    _show(password, generated=generate)
    return 0


@user.command(help_epilogue="Example:\n\n  entrepot user disable alice")
def disable(name: str, /, *, place: Place = HERE) -> int:
    """Keep a user from signing in, without deleting anything.

    Parameters
    ----------
    name
        The user.
    """
    ask(place, lambda house, grant: house.people.set_disabled(grant, name, True))
    say(f"{name} cannot sign in any more.")
    return 0


@user.command(help_epilogue="Example:\n\n  entrepot user enable alice")
def enable(name: str, /, *, place: Place = HERE) -> int:
    """Let a user sign in again.

    Parameters
    ----------
    name
        The user.
    """
    ask(place, lambda house, grant: house.people.set_disabled(grant, name, False))
    say(f"{name} can sign in again.")
    return 0


def _show(password: str, *, generated: bool) -> None:
    if generated:
        say("The password, which is shown only now:")
        print(password)


async def _all_users(house: House, grant: SystemGrant) -> list[User]:
    page = await house.people.list_users(grant, count=PAGE)
    found = page.users
    while page.more:
        page = await house.people.list_users(grant, found[-1].name, PAGE)
        found += page.users
    return found
