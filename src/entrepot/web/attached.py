"""What is attached to an artifact, in words: signatures, lists of parts, provenance."""

from collections.abc import Iterable
from typing import NamedTuple

from entrepot.db.artifact_lists import AccessoryRow
from entrepot.model.artifact import COSIGN_SIGNATURE, HARBOR_SBOM, NOTATION_SIGNATURE, NYDUS_ACCELERATOR
from entrepot.web.errors import N_


class Attached(NamedTuple):
    """A kind of thing that is attached."""

    key: str
    label: str
    """To be translated."""
    icon: str
    detail: str = ""
    """Which of that kind: `cosign`, or the media type of what is not known."""


SIGNATURE = N_("Signature")
SBOM = N_("SBOM")
PROVENANCE = N_("Provenance")
ACCELERATED = N_("For faster starts")
OTHER = N_("Attached")
_LISTS_OF_PARTS = {"spdx": "SPDX", "cyclonedx": "CycloneDX", "syft": "Syft"}
_STATEMENTS = ("in-toto", "intoto", "slsa", "provenance", "attestation", "sigstore.bundle")


def attached(row: AccessoryRow) -> Attached:
    """What it is, from its kind and its type."""
    what = row.artifact_type.lower()
    if row.kind in (COSIGN_SIGNATURE, NOTATION_SIGNATURE):
        return Attached("signed", SIGNATURE, "check", row.kind.rpartition(".")[2])
    if row.kind == HARBOR_SBOM:
        return Attached("sbom", SBOM, "list", "")
    for word, name in _LISTS_OF_PARTS.items():
        if word in what:
            return Attached("sbom", SBOM, "list", name)
    if row.kind == NYDUS_ACCELERATOR:
        return Attached("accelerated", ACCELERATED, "pulse", "nydus")
    if any(word in what for word in _STATEMENTS):
        return Attached("provenance", PROVENANCE, "branch", "")
    return Attached("other", OTHER, "link", row.artifact_type)


def trust(rows: Iterable[AccessoryRow]) -> list[Attached]:
    """Each kind once, signatures first."""
    found = {one.key: one for one in map(attached, rows)}
    return [found[key] for key in ("signed", "sbom", "provenance", "accelerated", "other") if key in found]
