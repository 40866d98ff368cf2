"""Queries and ranges, read one by one."""

import pytest
from oci_doubles import Raw

from entrepot.api.oci.app import OciApp
from entrepot.api.oci.errors import WireError
from entrepot.api.oci.query import LONGEST_QUERY, next_page, parse_query
from entrepot.api.oci.ranges import sent
from entrepot.model.errors import SizeInvalid


def test_query_is_decoded_once_and_a_plus_is_a_plus() -> None:
    assert parse_query(b"a=%2541&a=b+c&d&=e&f=x=y") == {"a": ["%41", "b+c"], "d": [""], "": ["e"], "f": ["x=y"]}
    assert parse_query(b"") == {}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (b"a=%", 400),
        (b"a=%4", 400),
        (b"a=%zz", 400),
        (b"a=%ff", 400),
        (b"a=" + b"x" * LONGEST_QUERY, 414),
        (b"&" * 200, 414),
    ],
)
def test_query_that_cannot_be_read(query: bytes, status: int) -> None:
    with pytest.raises(WireError) as raised:
        parse_query(query)
    assert raised.value.status == status


def test_next_page_leaves_nothing_to_be_misread() -> None:
    name, value = next_page("/v2/_catalog", n=5, last='a>b"&c', artifactType=None)
    assert (name, value) == (b"link", b'</v2/_catalog?n=5&last=a%3Eb%22%26c>; rel="next"')


def test_chunk_is_checked_against_its_length_before_it_is_read() -> None:
    assert sent(b"5-9", 5) == sent(b"5-9", None) == (5, 5)
    for length in (4, 6):
        with pytest.raises(SizeInvalid):
            sent(b"5-9", length)


async def test_uploads_begin_with_a_slash_at_the_end(app: OciApp) -> None:
    for method in ("POST", "GET"):
        answer = await Raw(method=method, path=b"/v2/library/a/blobs/uploads").to(app)
        assert answer.status == 404
