"""The page at `/`."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import httpx
import pytest

from entrepot.api.landing import LandingPage, preferred_language


@pytest.fixture
def page() -> LandingPage:
    return LandingPage("")


async def _ask(
    page: LandingPage, method: str = "GET", url: str = "http://hub.test:5000/", **headers: str
) -> httpx.Response:
    transport = httpx.ASGITransport(page)
    async with httpx.AsyncClient(transport=transport) as client:
        return await client.request(method, url, headers={k.replace("_", "-"): v for k, v in headers.items()})


class _Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        for name, value in attrs:
            assert not name.startswith("on")
            assert name != "style"
            if name in ("href", "src"):
                self.links.append(value or "")
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(("wanted", "name"), [("en", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans")])
async def test_page(page: LandingPage, wanted: str, name: str) -> None:
    answer = await _ask(page, accept_language=wanted)
    assert answer.status_code == 200
    assert f'<html lang="{name}">' in answer.text
    assert answer.headers["content-language"] == name
    assert "docker login hub.test:5000" in answer.text
    assert "docker push hub.test:5000/library/" in answer.text
    assert "{{" not in answer.text
    assert "$" not in answer.text
    reader = _Reader(answer.text)
    assert reader.open == []
    assert reader.links == ["/favicon.ico"]
    head = await _ask(page, "HEAD", accept_language=wanted)
    assert (head.content, head.headers) == (b"", answer.headers)


async def test_only_its_own_style_is_allowed(page: LandingPage) -> None:
    answer = await _ask(page)
    policy = answer.headers["content-security-policy"]
    style = re.search("<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_address_by_setting(page: LandingPage) -> None:
    assert "docker login hub.example.org<" in (await _ask(LandingPage("https://hub.example.org/"))).text
    hostile = await _ask(page, host='"><script>alert(1)</script>')
    assert hostile.status_code == 400
    assert "script" not in hostile.text


async def test_icon(page: LandingPage) -> None:
    answer = await _ask(page, url="http://hub.test/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


async def test_nothing_else(page: LandingPage) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = await _ask(page, method)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert (await _ask(page, url="http://hub.test/x")).status_code == 404


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("*", "en"),
        ("fr", "en"),
        ("zh", "zh"),
        ("zh-TW, en;q=0.9", "zh"),
        ("en, zh", "en"),
        ("en;q=0.2, zh;q=0.3", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=abc", "en"),
        ("fr;q=1, ZH-hans; q=0.5", "zh"),
        ("zh;q=2", "en"),
    ],
)
def test_language(header: str, language: str) -> None:
    assert preferred_language(header) == language
