"""Signatures that cosign makes, with a key of its own and no other service."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .cosign import Cosign
from .crane import Crane
from .files import some_files
from .program import Refused
from .server import Server
from .wire import Wire

pytestmark = pytest.mark.clients


@pytest.fixture
def signer(registry: Server, home: Callable[[], Path]) -> Cosign:
    """Somebody with a key, signed in as the administrator."""
    cosign = Cosign(registry, home())
    cosign.login(registry.user, registry.password)
    cosign.make_key()
    return cosign


@pytest.fixture
def image(crane: Crane, reference: str) -> str:
    """A pushed image, by digest."""
    crane.push(reference, some_files())
    return f"{reference.rpartition(':')[0]}@{crane.digest(reference)}"


def test_signature_is_verified_and_is_a_referrer(signer: Cosign, image: str, wire: Wire, repository: str) -> None:
    with pytest.raises(Refused, match=r"(?i)no (matching )?signatures"):
        signer.verify(image)
    signer.sign(image)
    signer.verify(image)
    [found] = wire.referrers(repository, image.partition("@")[2])
    assert "sigstore.bundle" in found["artifactType"]
    assert wire.tags(repository) == ["1.0.0"], "a signature must not need a tag where referrers are served"


def test_another_key_verifies_nothing(signer: Cosign, image: str, registry: Server, home: Callable[[], Path]) -> None:
    signer.sign(image)
    other = Cosign(registry, home())
    other.make_key()
    with pytest.raises(Refused, match=r"(?i)signature"):
        other.verify(image)


def test_signature_under_a_tag_of_the_old_form(signer: Cosign, image: str, wire: Wire, repository: str) -> None:
    signer.sign(image, "--new-bundle-format=false")
    signer.verify(image, "--new-bundle-format=false")
    digest = image.partition("@")[2]
    assert f"{digest.replace(':', '-')}.sig" in wire.tags(repository)
