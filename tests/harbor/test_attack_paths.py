"""Every operation under every way to write its path: what is refused stays refused however it is written.

CVE-2020-29662: Harbor guarded `/v2/_catalog` by its path, and `/v2/_catalog/` passed.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from bare import ask
from house import API, Harbor
from pushing import push_image
from rights import PATH_VALUES
from served import SERVED

from contracts.access_house import basic

SECRET = "planted-in-own"
WHOS = {"nobody": None, "stranger": basic("stranger")}
TAG, DIGEST = "secret-tag", PATH_VALUES["reference"]

REGISTRY = [
    ("GET", "/v2/_catalog"),
    ("GET", "/v2/own/app/tags/list"),
    ("GET", f"/v2/own/app/manifests/{TAG}"),
    ("HEAD", f"/v2/own/app/manifests/{TAG}"),
    ("PUT", f"/v2/own/app/manifests/{TAG}"),
    ("DELETE", f"/v2/own/app/manifests/{TAG}"),
    ("GET", f"/v2/own/app/blobs/{DIGEST}"),
    ("DELETE", f"/v2/own/app/blobs/{DIGEST}"),
    ("GET", f"/v2/own/app/referrers/{DIGEST}"),
    ("POST", "/v2/own/app/blobs/uploads/"),
    ("PATCH", "/v2/own/app/blobs/uploads/0"),
]


def _last(path: str, change: Callable[[str], str]) -> str:
    head, _, last = path.rpartition("/")
    return f"{head}/{change(last)}"


def _encoded(path: str, letter: Callable[[str], str]) -> str:
    return re.sub(r"(?<=/)[a-z_]", lambda match: letter(match[0]), path)


VARIANTS: dict[str, Callable[[str], str]] = {
    "closing slash": lambda path: f"{path}/",
    "two closing slashes": lambda path: f"{path}//",
    "doubled slashes": lambda path: path.replace("/", "//"),
    "one doubled slash": lambda path: _last(path, lambda last: f"/{last}"),
    "encoded closing slash": lambda path: f"{path}%2f",
    "encoded last slash": lambda path: "%2F".join(path.rsplit("/", 1)),
    "encoded slashes": lambda path: path[:4] + path[4:].replace("/", "%2F"),
    "slashes encoded twice": lambda path: path[:4] + path[4:].replace("/", "%252F"),
    "backslashes": lambda path: path[:4] + path[4:].replace("/", "\\"),
    "a parameter": lambda path: f"{path};x=1",
    "a parameter in the middle": lambda path: _last(path, lambda last: f";/{last}"),
    "an empty parameter": lambda path: f"{path};",
    "upper case": lambda path: path.upper(),
    "another case at the end": lambda path: _last(path, str.swapcase),
    "another case at the start": lambda path: path[:4].upper() + path[4:],
    "a dot": lambda path: _last(path, lambda last: f"./{last}"),
    "a dot at the end": lambda path: f"{path}/.",
    "dots": lambda path: _last(path, lambda last: f"x/../{last}"),
    "dots from a public place": lambda path: path.replace("/own/", "/public/../own/"),
    "encoded dots": lambda path: _last(path, lambda last: f"x/%2e%2e/{last}"),
    "dots and an encoded slash": lambda path: _last(path, lambda last: f"x%2f..%2f{last}"),
    "dots from outside": lambda path: f"/service/..{path}",
    "dots from nowhere": lambda path: f"/x/..{path}",
    "encoded letters": lambda path: _encoded(path, lambda letter: f"%{ord(letter):02x}"),
    "letters encoded twice": lambda path: _encoded(path, lambda letter: f"%25{ord(letter):02x}"),
    "wide letters": lambda path: _last(path, lambda last: last.replace("s", "\u017f").replace("k", "\u212a")),
    "a closing NUL": lambda path: f"{path}%00",
    "a suffix": lambda path: f"{path}.json",
    "a closing space": lambda path: f"{path}%20",
    "a closing dot": lambda path: f"{path}.",
    "an empty query": lambda path: f"{path}?",
    "a query": lambda path: f"{path}?x=/service/token",
    "a fragment": lambda path: f"{path}%23",
    "two slashes at the start": lambda path: f"/{path}",
    "a whole URL": lambda path: f"http://registry.example{path}",
}


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    path = tmp_path / "entrepot.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def planted(harbor: Harbor) -> Harbor:
    owner = harbor("owner")
    await push_image(owner, "own/app", TAG)
    await owner("PUT", "/projects/own/repositories/app", {"description": SECRET})
    return harbor


def _operations() -> list[tuple[str, str]]:
    values = {**PATH_VALUES, "project_name_or_id": "own", "project_name": "own", "reference": TAG}
    found = [
        (told.method.upper(), re.sub(r"\{(\w+)\}", lambda match: values[match[1]], told.path))
        for told in SERVED.values()
    ]
    return [*found, *REGISTRY, ("POST", "/c/login"), ("POST", "/c/userExists")]


_REFUSED: list[tuple[str, str, str]] = []
"""Who, method and path of all that is refused to who asks, written as it should be; found out once."""


def _headers(who: str) -> dict[str, str]:
    authorization = WHOS[who]
    return {} if authorization is None else {"authorization": authorization}


async def _refused(harbor: Harbor) -> list[tuple[str, str, str]]:
    if not _REFUSED:
        asked = [(who, method, path) for who in WHOS for method, path in _operations()]
        for who, method, path in asked:
            if (await ask(harbor, method, path, _headers(who))).status in (401, 403):
                _REFUSED.append((who, method, path))
    return _REFUSED


@pytest.mark.parametrize("variant", VARIANTS)
async def test_a_path_written_otherwise_opens_nothing(planted: Harbor, variant: str) -> None:
    """CVE-2020-29662."""
    refused = await _refused(planted)
    assert len(refused) > 100
    opened = []
    for who, method, path in refused:
        answer = await ask(planted, method, VARIANTS[variant](path), _headers(who))
        if answer.good or answer.status >= 500 or SECRET.encode() in answer.body:
            opened.append(f"{who} {method} {VARIANTS[variant](path)}: {answer.status} {answer.body[:100]!r}")
    assert opened == []


@pytest.mark.parametrize("header", ["x-original-url", "x-rewrite-url", "x-forwarded-prefix", "x-forwarded-uri"])
async def test_no_header_names_another_path(planted: Harbor, header: str) -> None:
    """CVE-2020-29662, by the headers with which some servers are told of another path."""
    for path in ("/v2/_catalog", f"{API}/users", f"{API}/projects/own/members"):
        for start in ("/", f"{API}/systeminfo", "/service/jwks.json"):
            plain, told = await ask(planted, "GET", start), await ask(planted, "GET", start, {header: path})
            # The token of a page's forms is another text in every answer.
            bodies = [re.sub(rb'value="[0-9a-f]{128}"', b"", answer.body) for answer in (told, plain)]
            assert (told.status, bodies[0]) == (plain.status, bodies[1])


@pytest.mark.parametrize("header", ["x-http-method-override", "x-method-override", "x-http-method"])
async def test_no_header_names_another_method(planted: Harbor, header: str) -> None:
    """CVE-2020-29662, by the headers with which some servers are told of another method."""
    owner = {"authorization": basic("owner")}
    for path in (f"/v2/own/app/manifests/{TAG}", f"{API}/projects/own/repositories/app"):
        for method in ("GET", "POST"):
            await ask(planted, method, path, {**owner, header: "DELETE"})
        assert (await ask(planted, "GET", path, owner)).status == 200


async def test_a_project_in_a_path_is_one_project(planted: Harbor) -> None:
    """CVE-2020-29662: a public project's name does not open a private one behind it."""
    stranger = {"authorization": basic("stranger")}
    for name in (
        "public%2F..%2Fown",
        "public%252F..%252Fown",
        "public;own",
        "public%00own",
        "own%20",
        "own%2F",
        "%6fwn",
        "%256fwn",
        "./own",
        "OWN",
    ):
        for rest in ("", "/members", "/repositories", f"/repositories/app/artifacts/{TAG}"):
            answer = await ask(planted, "GET", f"{API}/projects/{name}{rest}", stranger)
            assert 400 <= answer.status < 500, (name, rest, answer)
        for repository in (f"{name}/app", f"public/{name}/app"):
            answer = await ask(planted, "GET", f"/v2/{repository}/tags/list", stranger)
            assert 400 <= answer.status < 500, (repository, answer)
