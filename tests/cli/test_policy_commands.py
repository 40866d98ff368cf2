"""`entrepot retention` and `entrepot immutable`, on a registry with something in it."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.place import Place
from contracts.retention import granted, policy, rule
from entrepot.app import open_house
from entrepot.cli import run
from entrepot.config import Settings
from entrepot.model.errors import Immutable
from entrepot.model.reference import Tag

Entrepot = Callable[..., tuple[int, str, str]]


@pytest.fixture
def entrepot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Entrepot]:
    """Runs a command on the registry; gives its code and what it printed."""
    monkeypatch.chdir(tmp_path)
    nobody = Path("/dev/null").open()  # noqa: SIM115 - closed below
    monkeypatch.setattr(sys, "stdin", nobody)

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield command
    nobody.close()


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A registry whose project `library` keeps the newest of what begins with `v`, every night."""

    async def fill() -> None:
        async with open_house(Settings(data=tmp_path / "data")) as house:
            place = Place(house.db, house.storage, house.rules)
            for tag in ("v1", "v2"):
                await place.push_image(tag.encode(), tag=tag)
            await place.push_image(b"other", tag="v1", name="library/other")
            await granted(place)
            await policy(place, rule("latestPushedK", 1, "v*", repositories="hello"), cron="0 0 3 * * *")

    asyncio.run(fill())
    return tmp_path


def test_rules_are_shown(entrepot: Entrepot, filled: Path) -> None:
    code, out, err = entrepot("retention", "show", "library")
    assert code == 0
    assert out.split("\t") == [
        "1",
        "the 1 artifacts pushed last",
        "matching v*",
        "matching hello",
        "selected",
        "enabled\n",
    ]
    assert "0 0 3 * * *" in err
    told = json.loads(entrepot("retention", "show", "library", "--json")[1])
    assert told["rules"][0].items() >= {"keeps": "latestPushedK", "number": 1, "untagged": True}.items()


def test_rules_are_tried_and_run(entrepot: Entrepot, filled: Path) -> None:
    code, out, _ = entrepot("retention", "preview", "library")
    assert code == 0
    (line,) = out.splitlines()
    assert line.split("\t")[:2] == ["library/hello", "v1"]
    assert "not among the 1 most recently pushed artifacts matching v*" in line
    assert len(entrepot("retention", "preview", "library", "--all")[1].splitlines()) == 2
    told = json.loads(entrepot("retention", "preview", "library", "--json")[1])
    assert {one["tag"]: one["kept"] for one in told} == {"v1": False, "v2": True}
    assert all(one["repository"] == "library/hello" and one["digest"].startswith("sha256:") for one in told)

    code, out, err = entrepot("retention", "run", "library")
    assert code == 0
    assert f"job {out.strip()}" in err
    (job,) = json.loads(entrepot("job", "list", "--json")[1])
    assert job["id"] == int(out)
    assert job["kind"] == "retention"
    assert entrepot("retention", "run", "library")[1] == out, "it is the same run until it has ended"


def test_what_is_not_there_is_told(entrepot: Entrepot, filled: Path) -> None:
    assert entrepot("project", "create", "empty")[0] == 0
    for command in ("show", "preview", "run"):
        code, _, err = entrepot("retention", command, "empty")
        assert (code, "no rules of retention" in err) == (1, True)
        assert entrepot("retention", command, "nowhere")[0] == 1
        assert entrepot("retention", command, "Not a name")[0] == 2


def test_tags_are_made_immutable(entrepot: Entrepot, filled: Path) -> None:
    assert entrepot("immutable", "list", "library")[1] == ""
    code, number, err = entrepot("immutable", "add", "library", "v*", "--repositories", "hello")
    assert code == 0
    assert "tags matching v* in repositories matching hello are immutable" in err
    (told,) = json.loads(entrepot("immutable", "list", "library", "--json")[1])
    assert told == {
        "id": int(number),
        "disabled": False,
        "tags": {"decoration": "matches", "pattern": "v*"},
        "repositories": {"decoration": "repoMatches", "pattern": "hello"},
    }
    assert entrepot("immutable", "list", "library")[1].split("\t")[:2] == [number.strip(), "matching v*"]
    assert entrepot("immutable", "add", "library", "v*", "--repositories", "hello")[0] == 1
    code, _, err = entrepot("immutable", "add", "library", "release/*")
    assert (code, "can never match" in err) == (2, True)

    async def delete() -> None:
        async with open_house(Settings(data=filled / "data")) as house:
            place = Place(house.db, house.storage, house.rules)
            await place.delete(Tag("v1"))

    with pytest.raises(Immutable):
        asyncio.run(delete())
    told = json.loads(entrepot("retention", "preview", "library", "--json")[1])
    assert all(one["kept"] for one in told)
    assert entrepot("immutable", "remove", "library", number.strip())[0] == 0
    assert entrepot("immutable", "remove", "library", number.strip())[0] == 1
    asyncio.run(delete())
