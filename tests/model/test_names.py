"""Digests, tags and names: what is one, and what is refused with a sentence."""

import hashlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.model.digest import Digest, is_algorithm
from entrepot.model.errors import DigestInvalid, NameInvalid, TagInvalid
from entrepot.model.reference import RepositoryName, Tag, parse_project_name, parse_reference

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_digest_is_that_of_the_content_and_reads_as_it_was_written(algorithm: str) -> None:
    digest = Digest.of(b"content", algorithm)
    assert str(digest) == f"{algorithm}:{hashlib.new(algorithm, b'content').hexdigest()}"
    assert Digest.parse(str(digest)) == digest
    assert digest.algorithm == algorithm
    hasher = digest.hasher()
    hasher.update(b"con")
    hasher.update(b"tent")
    assert Digest.finished(algorithm, hasher) == digest


def test_digests_of_the_two_algorithms_never_meet() -> None:
    assert Digest.of(b"", "sha256").packed[:1] != Digest.of(b"", "sha512").packed[:1]
    assert is_algorithm("sha256")
    assert is_algorithm("sha512")
    assert not is_algorithm("md5")
    assert not is_algorithm("SHA256")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "sha256",
        "sha256:",
        f"sha256:{HEX[:-1]}",
        f"sha256:{HEX}0",
        f"sha256:{HEX.upper()}",
        f"sha256:{HEX[:-1]}g",
        f"sha256:{HEX}\n",
        f" sha256:{HEX}",
        f"sha256: {HEX[1:]}",
        f"sha256:{HEX[:-1]}\N{FULLWIDTH DIGIT ONE}",
        f"sha512:{HEX}",
        f"SHA256:{HEX}",
        f"sha384:{HEX}{HEX[:32]}",
        f"md5:{HEX[:32]}",
        f"sha256:sha256:{HEX[7:]}",
        f"sha256:{'../' * 21}a",
        "sha256:" + "0" * 1_000_000,
        "x" * 1_000_000 + ":0",
    ],
)
def test_anything_else_is_no_digest(text: str) -> None:
    with pytest.raises(DigestInvalid) as caught:
        Digest.parse(text)
    assert 10 < len(str(caught.value)) < 200


@settings(deadline=None)
@given(st.text())
def test_a_digest_is_either_refused_or_written_the_same(text: str) -> None:
    try:
        digest = Digest.parse(text)
    except DigestInvalid:
        return
    assert str(digest) == text


@pytest.mark.parametrize(
    "text", ["library/hello", "a/b", "a/b/c/d", "my-org.eu/x__y/z--w", "0/1", "a/" + "b" * 253, "a/b-----c"]
)
def test_a_repository_name_keeps_its_text_and_names_its_project(text: str) -> None:
    name = RepositoryName.parse(text)
    assert str(name) == text
    assert name.project == text.split("/")[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "/",
        "a/",
        "/a",
        "a//b",
        "A/b",
        "a/B",
        "a/b/",
        "a/-b",
        "a/b-",
        "a/.b",
        "a/b..c",
        "a/b___c",
        "a/b._c",
        "a/../b",
        "a/b\n",
        "a/b c",
        "a/b:c",
        "a/b@c",
        "a/\N{LATIN SMALL LETTER E WITH ACUTE}",
        "a/\N{KELVIN SIGN}",
        "a/\0",
        "a/" + "b" * 254,
    ],
)
def test_anything_else_is_no_repository_name(text: str) -> None:
    with pytest.raises(NameInvalid) as caught:
        RepositoryName.parse(text)
    assert 10 < len(str(caught.value)) < 250


def test_a_hostile_name_is_refused_at_once() -> None:
    begun = time.monotonic()
    for text in ("a" * 250 + "!", "a-" * 120 + "!", "a/" * 120 + "!", "-" * 250, "a" + "-" * 250 + "!"):
        with pytest.raises(NameInvalid):
            RepositoryName.parse(text)
        with pytest.raises(NameInvalid):
            parse_project_name(text)
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("text", ["a", "library", "my-team", "my_team.eu", "0", "a" * 255])
def test_a_project_name_is_given_back(text: str) -> None:
    assert parse_project_name(text) == text


@pytest.mark.parametrize("text", ["", "A", "a/b", "-a", "a-", "a--b", "a__b", "a" * 256, "a\n", "a b", "..", "a\0"])
def test_anything_else_is_no_project_name(text: str) -> None:
    with pytest.raises(NameInvalid):
        parse_project_name(text)


@pytest.mark.parametrize("text", ["latest", "1.0", "_", "A-b_c.d", "a" * 128, "0"])
def test_a_tag_keeps_its_text(text: str) -> None:
    assert str(Tag.parse(text)) == text


@pytest.mark.parametrize("text", ["", ".a", "-a", "a" * 129, "a/b", "a:b", "a b", "a\n", "\0", "\u00e9", "a+b", "a@b"])
def test_anything_else_is_no_tag(text: str) -> None:
    with pytest.raises(TagInvalid):
        Tag.parse(text)


def test_a_reference_with_a_colon_is_a_digest() -> None:
    assert parse_reference("latest") == Tag("latest")
    assert parse_reference(f"sha256:{HEX}") == Digest.parse(f"sha256:{HEX}")
    with pytest.raises(DigestInvalid):
        parse_reference("latest:1")
    with pytest.raises(TagInvalid):
        parse_reference("../latest")
