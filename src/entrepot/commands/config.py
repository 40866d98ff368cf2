"""`entrepot config` and `entrepot version`."""

import platform
from typing import Annotated

from cyclopts import Parameter

from entrepot import __version__
from entrepot.commands.place import HERE, Place, settings_of
from entrepot.commands.printing import print_json, print_table
from entrepot.config import DECLARED


def config(*, json: Annotated[bool, Parameter(negative="")] = False, place: Place = HERE) -> int:
    """List every setting, its value, and where the value comes from. Secrets are masked.

    Parameters
    ----------
    json
        Print JSON.
    """
    settings = settings_of(place)
    rows = [(name, settings.shown(name), settings.source(name)) for name in DECLARED]
    if json:
        print_json({name: {"value": value, "source": source} for name, value, source in rows})
    else:
        print_table(("Setting", "Value", "Source"), rows, nothing="")
    return 0


def version() -> int:
    """Print the version."""
    print(f"entrepot {__version__} (Python {platform.python_version()})")
    return 0
