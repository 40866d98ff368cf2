"""`entrepot trash`, `tag` and `hold`, on a registry with something in it."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.place import Place
from entrepot.app import open_house
from entrepot.cli import run
from entrepot.config import Settings
from entrepot.model.digest import Digest
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
def digests(tmp_path: Path) -> list[Digest]:
    """What tag `latest` of `library/hello` named, one after the other; the first of them is deleted."""

    async def fill() -> list[Digest]:
        async with open_house(Settings(data=tmp_path / "data")) as house:
            place = Place(house.db, house.storage, house.rules)
            bodies = [await place.push_image(layer, tag="latest") for layer in (b"one", b"two")]
            await place.delete(bodies[0])
            assert (await place.manifests.get(await place.grant(), Tag("latest"))).body == bodies[1]
            return [Digest.of(body) for body in bodies]

    return asyncio.run(fill())


def test_what_was_deleted_is_listed_shown_restored_and_purged(entrepot: Entrepot, digests: list[Digest]) -> None:
    (entry,) = json.loads(entrepot("trash", "list", "--json")[1])
    assert (entry["kind"], entry["repository"], entry["digest"]) == ("artifact", "library/hello", str(digests[0]))
    number = str(entry["id"])
    assert number in entrepot("trash", "list", "--project", "library")[1]
    assert entrepot("trash", "list", "--project", "other")[1] == ""
    assert json.loads(entrepot("trash", "show", number, "--json")[1])["artifacts"] == [str(digests[0])]
    code, _, told = entrepot("trash", "restore", number)
    assert (code, "is there again" in told) == (0, True)
    code, _, told = entrepot("trash", "restore", number)
    assert code == 1
    assert "there is no deletion" in told
    assert entrepot("trash", "purge", number)[0] == 1


def test_a_tag_goes_back(entrepot: Entrepot, digests: list[Digest]) -> None:
    moves = json.loads(entrepot("tag", "history", "library/hello:latest", "--json")[1])
    assert [(move["before"], move["after"], move["held"]) for move in moves] == [
        (str(digests[0]), str(digests[1]), "live"),
        (None, str(digests[0]), "trash"),
    ]
    assert entrepot("tag", "rollback", "library/hello:latest", str(digests[0]))[0] == 0
    assert "rolled-back" in entrepot("tag", "history", "library/hello:latest")[1]
    assert entrepot("trash", "list")[1] == ""
    assert entrepot("tag", "history", "library/hello")[0] == 2


def test_what_is_held_stays(entrepot: Entrepot, digests: list[Digest]) -> None:
    assert entrepot("hold", "add", "library/hello:latest", "--reason", "case 12")[0] == 0
    (hold,) = json.loads(entrepot("hold", "list", "library", "--json")[1])
    assert (hold["digest"], hold["tag"], hold["reason"]) == (str(digests[1]), "latest", "case 12")
    code, _, told = entrepot("project", "delete", "library", "--force")
    assert code == 1
    assert "case 12" in told
    assert entrepot("tag", "rollback", "library/hello:latest", str(digests[0]))[0] == 1
    assert entrepot("hold", "lift", "library", str(hold["id"]))[0] == 0
    assert entrepot("hold", "lift", "library", str(hold["id"]))[0] == 1


def test_a_project_that_holds_something_is_deleted_only_if_somebody_says_so(
    entrepot: Entrepot, digests: list[Digest]
) -> None:
    assert len(digests) == 2
    told = json.loads(entrepot("project", "delete", "library", "--dry-run")[1])
    assert (told["counts"]["artifacts"], told["window_seconds"]) == (1, 604800)
    code, _, refused = entrepot("project", "delete", "library")
    assert code == 2
    assert "1 artifacts" in refused
    assert entrepot("project", "delete", "library", "--force")[0] == 0
    assert "library" not in entrepot("project", "list")[1]
    assert entrepot("project", "create", "library")[0] == 0
    entry = json.loads(entrepot("trash", "list", "--json")[1])[0]
    code, printed, _ = entrepot("trash", "restore", str(entry["id"]), "--json")
    assert (code, json.loads(printed)["free_name"]) == (1, "library-restored")
    assert entrepot("trash", "restore", str(entry["id"]), "--name", "library-restored")[0] == 0
    assert "library-restored" in entrepot("project", "list")[1]


def test_a_project_s_window_is_set(entrepot: Entrepot, digests: list[Digest]) -> None:
    assert len(digests) == 2
    assert entrepot("project", "set", "library", "--trash", "0s")[0] == 0
    assert entrepot("project", "delete", "library", "--force")[0] == 0
    assert entrepot("trash", "list")[1] == ""
    assert entrepot("project", "set", "library", "--trash", "soon")[0] == 2
