"""Pages are light, and send nothing twice."""

import re

from reader import Readers

MOST = 40_000
"""Bytes of a first visit, compressed, without fonts."""


async def test_a_first_visit_is_light(reader: Readers) -> None:
    for path in ("/", "/-/sign-in", "/own"):
        somebody = await reader().sign_in("owner") if path == "/own" else reader()
        sent = 0
        page = await _raw(somebody, path)
        sent += page[0]
        parts = set(re.findall(r'(?:href|src)="(/-/static/[^"#]+)', page[1]))
        assert parts
        for part in parts:
            sent += (await _raw(somebody, part))[0]
        assert sent <= MOST, (path, sent)


async def _raw(somebody: object, path: str) -> tuple[int, str]:
    """Bytes as they come over the wire, and what they say."""
    http = somebody.http  # type: ignore[attr-defined]
    answer = await http.get(path, headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200, path
    return int(answer.headers["content-length"]), answer.text
