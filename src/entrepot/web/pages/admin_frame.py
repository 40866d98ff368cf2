"""What every page of the administration shows around its own part: the ways to the others."""

from typing import Any, NamedTuple

from entrepot.web.answer import View
from entrepot.web.errors import N_
from entrepot.web.subject import address


class Section(NamedTuple):
    """A page of the administration."""

    key: str
    label: str
    icon: str


SECTIONS = (
    Section("users", N_("Users"), "user"),
    Section("groups", N_("Groups"), "users"),
    Section("robots", N_("Robots"), "robot"),
    Section("quotas", N_("Quotas"), "disk"),
    Section("labels", N_("Labels"), "label"),
    Section("trash", N_("Trash"), "trash"),
    Section("storage", N_("Storage"), "cube"),
    Section("health", N_("Health"), "pulse"),
    Section("configuration", N_("Configuration"), "settings"),
)


def admin_view(key: str, shown: dict[str, Any], *, template: str = "", status: int = 200, live: bool = True) -> View:
    """A page of the administration."""
    whole = {"sections": SECTIONS, "section": key, **shown}
    return View(template or f"admin_{key}", whole, status=status, topics=("system",) if live else ())


def admin_page(key: str) -> str:
    """The address of one of them."""
    return address(page=f"admin/{key}")
