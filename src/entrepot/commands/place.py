"""Which registry a command is about: the options that all commands share, and the settings they lead to."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from entrepot.config import Settings, load
from entrepot.settings_values import SettingsInvalid


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The registry that is meant; what is left out comes from the environment, the file, or the defaults."""

    data: Annotated[str | None, Parameter(metavar="DIR")] = None
    """The data folder. [default: ./data]"""
    database: Annotated[str | None, Parameter(metavar="URL")] = None
    """postgresql://… instead of SQLite in the data folder."""
    storage: Annotated[str | None, Parameter(metavar="URL")] = None
    """A folder, s3://…, gs://… or az://… instead of the objects in the data folder."""
    config: Annotated[Path | None, Parameter(metavar="FILE")] = None
    """The file of settings. [default: entrepot.toml in the data folder, else here]"""


HERE = Place()


def settings_of(place: Place, options: Mapping[str, str | None] = {}) -> Settings:
    """The settings, with the options given on the command line on top. Raises SettingsInvalid."""
    given = {field.name: getattr(place, field.name) for field in fields(place) if field.name != "config"}
    texts = {name: text for name, text in {**given, **options}.items() if text is not None}
    return load(texts, environment=os.environ, folder=Path.cwd(), config=place.config)


def existing_settings(place: Place) -> Settings:
    """As `settings_of`, of a registry that was started before: a wrong folder must not make a new one.

    Raises SettingsInvalid.
    """
    settings = settings_of(place)
    if settings.sqlite_file is not None and not settings.sqlite_file.exists():
        raise SettingsInvalid(
            f"there is no registry in {settings.data}: name its folder with --data DIR, "
            "or start one there with `entrepot serve`"
        )
    return settings
