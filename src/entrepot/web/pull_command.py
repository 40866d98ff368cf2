"""How an artifact is fetched, by client."""

from collections.abc import Sequence
from typing import NamedTuple

from entrepot.model.artifact import CHART, IMAGE, WASM

IMAGE_CLIENTS = ("docker", "podman", "containerd", "kubernetes", "crane")


class Fetched(NamedTuple):
    """What is typed into a terminal, or a text that is put into a file."""

    commands: tuple[str, ...] = ()
    text: str = ""


def clients_of(kind: str) -> Sequence[str]:
    """The clients that fetch such an artifact, the most likely first."""
    if kind in (IMAGE, WASM):
        return IMAGE_CLIENTS
    return ("helm", "oras") if kind == CHART else ("oras", "crane")


def fetching(client: str, place: str, name: str, tag: str, digest: str) -> Fetched:
    """How that client fetches it, by its tag if it has one and by its digest. `place` is host and repository."""
    by_tag, by_digest = f"{place}:{tag}", f"{place}@{digest}"
    both = (by_tag, by_digest) if tag else (by_digest,)
    if client == "helm":
        version = f" --version {tag}" if tag else ""
        return Fetched((f"helm pull oci://{place}{version}", f"helm install {name} oci://{place}{version}"))
    if client == "containerd":
        return Fetched((*(f"ctr image pull {one}" for one in both), *(f"nerdctl pull {one}" for one in both)))
    if client == "kubernetes":
        # By digest what runs is what was looked at, whatever becomes of the tag.
        shown = f"{by_tag}@{digest}" if tag else by_digest
        return Fetched(text=f"containers:\n  - name: {name}\n    image: {shown}")
    if client == "crane":
        return Fetched(tuple(f"crane pull {one} {name}.tar" for one in both))
    return Fetched(tuple(f"{client} pull {one}" for one in both))
