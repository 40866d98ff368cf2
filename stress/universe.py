"""The few contents that everybody pushes, so that everybody collides."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from entrepot.model.digest import Digest
from entrepot.model.manifest import OCI_INDEX, OCI_MANIFEST

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
IMAGES = 48

T = TypeVar("T")


def chance(*origin: object) -> Random:
    """A stream of decisions that is the same whenever its origin is."""
    return Random("/".join(str(part) for part in origin))  # noqa: S311 - to be repeatable, not secret


def pick(dice: Random, things: Sequence[T]) -> T:
    """One of the things, the first of them far more often than the last.

    So some blobs are needed many times a second, some every few seconds, and some are always about to be collected
    just when somebody comes back for them.
    """
    return things[int((len(things) + 1) ** dice.random()) - 1]


@dataclass(frozen=True, slots=True)
class Content:
    """A blob that may be pushed."""

    digest: Digest
    data: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """A manifest that may be pushed, with what it needs."""

    digest: Digest
    media_type: str
    body: bytes
    needs: tuple[Content, ...]


class Universe:
    """Contents and images, all of them following from a seed."""

    def __init__(self, seed: int, blobs: int) -> None:
        dice = chance(seed, "universe")
        self.contents = [_content(dice, number) for number in range(blobs)]
        self.by_digest = {content.digest: content for content in self.contents}
        self._images = [self._neighbours(dice, number) for number in range(IMAGES)]

    def image(self, dice: Random, salt: str) -> Written:
        """One of the images; the same image and salt give the same manifest."""
        config, *layers = needs = pick(dice, self._images)
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _descriptor(CONFIG, config.digest, len(config.data)),
            "layers": [_descriptor(LAYER, layer.digest, len(layer.data)) for layer in layers],
            "annotations": {"salt": salt},
        }
        return _written(OCI_MANIFEST, document, tuple(needs))

    def _neighbours(self, dice: Random, image: int) -> list[Content]:
        """The blobs of an image: they are as often pushed as the image is."""
        middle = round(image * (len(self.contents) - 6) / (IMAGES - 1))
        return dice.sample(self.contents[middle : middle + 6], dice.randint(2, 4))

    def index(self, children: list[Written], salt: str) -> Written:
        """An index of the children."""
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [_descriptor(child.media_type, child.digest, len(child.body)) for child in children],
            "annotations": {"salt": salt},
        }
        return _written(OCI_INDEX, document, ())


def _content(dice: Random, number: int) -> Content:
    large = number % 12 == 5
    size = dice.randint(1_000_000, 2_000_000) if large else number + dice.choice((1, 200, 4_000, 20_000, 70_000))
    data = dice.randbytes(size)
    return Content(Digest.of(data, "sha512" if number % 9 == 4 else "sha256"), data)


def _descriptor(media_type: str, digest: Digest, size: int) -> dict[str, object]:
    return {"mediaType": media_type, "digest": str(digest), "size": size}


def _written(media_type: str, document: dict[str, object], needs: tuple[Content, ...]) -> Written:
    body = json.dumps(document).encode()
    return Written(Digest.of(body), media_type, body, needs)
