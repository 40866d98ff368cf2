"""What an artifact runs on, in words."""

import json
from typing import Any, NamedTuple

from entrepot.model.contents import Reference
from entrepot.model.digest import Digest
from entrepot.registry.artifacts import ArtifactView

UNKNOWN = "unknown"
_SHOWN = 6
"""Platforms that a list names; of more it says how many."""


class Child(NamedTuple):
    """A manifest that an index names for a platform."""

    digest: Digest
    name: str
    """`linux/arm64/v8`; empty for what is for none, such as a statement about another."""


def attributes_of(view: ArtifactView) -> dict[str, Any]:
    """What the configuration tells, as it was kept when the artifact was pushed."""
    found = json.loads(view.row.attributes or "{}")
    return found if isinstance(found, dict) else {}


def named(reference: Reference) -> str:
    """The platform of an entry of an index; empty if it is for none."""
    platform = reference.platform
    if platform is None or UNKNOWN in (platform.os, platform.architecture):
        return ""
    parts = (platform.os, platform.architecture, platform.variant)
    return "/".join(part for part in parts if part)


def children_of(view: ArtifactView) -> list[Child]:
    """The images of an index that are here, each once; none if it is no index."""
    found = {reference.child: Child(reference.child, named(reference)) for reference in view.contents.references}
    return [child for digest, child in found.items() if digest in view.children]


def platforms_of(view: ArtifactView) -> tuple[list[str], int]:
    """What it runs on, some of it, and how many more there are. The system is left out where it is Linux."""
    if view.contents.references:
        names = [named(reference) for reference in view.contents.references]
    else:
        attributes = attributes_of(view)
        system, architecture = (attributes.get(key) for key in ("os", "architecture"))
        parts = (system, architecture, attributes.get("variant"))
        names = ["/".join(str(part) for part in parts if part)] if system and architecture else []
    names = [name.removeprefix("linux/") for name in dict.fromkeys(names) if name]
    return names[:_SHOWN], max(0, len(names) - _SHOWN)
