"""The commands, run as `entrepot …` would run them."""

import asyncio
import base64
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.place import Place
from entrepot import __version__
from entrepot.app import open_house
from entrepot.cli import run
from entrepot.config import DECLARED, Settings
from entrepot.db.sqlite import SqliteDatabase
from entrepot.model.digest import Digest
from entrepot.registry.rules import Rules
from entrepot.storage.filesystem import FileStorage


class Ran:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


Entrepot = Callable[..., Ran]


@pytest.fixture
def entrepot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Entrepot]:
    """Runs a command in a folder of its own, and checks that a failure is one sentence."""
    monkeypatch.chdir(tmp_path)
    nobody_to_ask = Path("/dev/null").open()  # noqa: SIM115 - closed below
    monkeypatch.setattr(sys, "stdin", nobody_to_ask)

    def command(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(arguments)
        captured = capsys.readouterr()
        if code:
            assert captured.err.startswith("entrepot: ")
            assert captured.err.count("\n") == 1
        return Ran(code, captured.out, captured.err)

    yield command
    nobody_to_ask.close()


async def _open_and_close(data: Path) -> None:
    async with open_house(Settings(data=data)):
        pass


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """The data folder of a registry that was started once."""
    asyncio.run(_open_and_close(tmp_path / "data"))
    return tmp_path / "data"


def test_version(entrepot: Entrepot) -> None:
    assert entrepot("version").out.startswith(f"entrepot {__version__} (Python 3.")
    assert entrepot("--version").out == f"{__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("projet list", 'Unknown command "projet". Did you mean "project"?'),
        ("serve --listn :1", "Unknown option: --listn. Did you mean --listen?"),
        ("serve --listen 5000", "--listen: '5000' is not an address to listen on"),
        ("serve --tls-cert x.pem", "tls_cert and tls_key go together"),
        ("serve --config nowhere.toml", "there is no file nowhere.toml"),
        ("project create", 'Command "project create" parameter NAME requires an argument.'),
        ("project member add a b chief", 'Invalid value "chief" for ROLE. Choose from: "project-admin"'),
        ("project set library", "nothing to change: give --public, --private, --sparse-indexes or --trash"),
        ("token alice", 'Command "token" parameter --scope requires an argument.'),
        ("token alice --scope nonsense", "'nonsense' is no scope: write it as repository:library/hello:pull,push"),
        ("token alice --scope repository:library/x:pull --lifetime 2h", "--lifetime must be from 1m to 55m"),
        ("user list", "start one there with `entrepot serve`"),
        ("check", "there is no registry in"),
    ],
)
def test_wrong_usage_is_one_sentence_and_code_2(entrepot: Entrepot, arguments: str, sentence: str) -> None:
    ran = entrepot(*arguments.split())
    assert ran.code == 2
    assert sentence in ran.err


def test_a_command_in_a_wrong_folder_makes_nothing(entrepot: Entrepot, tmp_path: Path) -> None:
    entrepot("user", "list", "--data", "typo")
    assert list(tmp_path.iterdir()) == []


def test_config_lists_every_setting_with_its_source(
    entrepot: Entrepot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTREPOT_ADMIN_PASSWORD", "s3cret")
    (tmp_path / "entrepot.toml").write_text("workers = 3")
    ran = entrepot("config", "--json", "--data", "here")
    listed = json.loads(ran.out)
    assert list(listed) == list(DECLARED)
    assert listed["workers"] == {"value": "3", "source": str(tmp_path / "entrepot.toml")}
    assert listed["data"] == {"value": str(tmp_path / "here"), "source": "--data"}
    assert listed["admin_password"] == {"value": "********", "source": "ENTREPOT_ADMIN_PASSWORD"}
    lines = entrepot("config").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == list(DECLARED)
    assert "s3cret" not in ran.out + "".join(lines)


@pytest.mark.usefixtures("registry")
def test_projects(entrepot: Entrepot) -> None:
    assert entrepot("project", "create", "team").code == 0
    again = entrepot("project", "create", "team")
    assert (again.code, again.err) == (1, "entrepot: there is a project team already\n")
    assert entrepot("project", "create", "Not A Name").code == 2
    assert entrepot("project", "create", "open", "--public").code == 0
    listed = json.loads(entrepot("project", "list", "--json").out)
    assert [(each["name"], each["public"]) for each in listed] == [("library", True), ("open", True), ("team", False)]
    assert entrepot("project", "set", "team", "--public", "--sparse-indexes", "yes").code == 0
    assert entrepot("project", "set", "open", "--private").code == 0
    rows = [line.split("\t")[:3] for line in entrepot("project", "list").out.splitlines()]
    assert rows == [["library", "anybody", "default"], ["open", "members", "default"], ["team", "anybody", "yes"]]
    assert entrepot("project", "set", "team", "--sparse-indexes", "default").code == 0
    assert entrepot("project", "delete", "open").code == 0
    assert entrepot("project", "delete", "open").code == 1
    rows = [line.split("\t")[:3] for line in entrepot("project", "list").out.splitlines()]
    assert rows == [["library", "anybody", "default"], ["team", "anybody", "default"]]


@pytest.mark.usefixtures("registry")
def test_users_and_members(entrepot: Entrepot, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = entrepot("user", "create", "alice")
    assert (refused.code, "set ENTREPOT_PASSWORD" in refused.err) == (2, True)
    monkeypatch.setenv("ENTREPOT_PASSWORD", "Correct-horse-9")
    assert entrepot("user", "create", "alice").code == 0
    assert entrepot("user", "create", "alice").code == 1
    made = entrepot("user", "create", "bob", "--generate", "--admin")
    assert made.code == 0
    assert len(made.out.strip()) == 24
    listed = json.loads(entrepot("user", "list", "--json").out)
    assert [(each["name"], each["admin"]) for each in listed] == [("admin", True), ("alice", False), ("bob", True)]
    assert not any("password" in key for each in listed for key in each)
    assert entrepot("user", "disable", "alice").code == 0
    assert entrepot("user", "list").out.splitlines()[1].split("\t")[:3] == ["alice", "no", "no"]
    assert entrepot("user", "enable", "alice").code == 0
    assert entrepot("user", "password", "alice", "--generate").out != made.out
    assert entrepot("user", "password", "nobody").err == "entrepot: there is no user nobody\n"

    assert entrepot("project", "member", "add", "library", "alice", "developer").code == 0
    assert entrepot("project", "member", "add", "library", "alice", "limited-guest").code == 0
    assert entrepot("project", "member", "list", "library").out == "alice\tlimited-guest\n"
    assert entrepot("project", "member", "add", "library", "nobody", "guest").code == 1
    assert entrepot("project", "member", "remove", "library", "alice").code == 0
    assert json.loads(entrepot("project", "member", "list", "library", "--json").out) == []
    assert entrepot("user", "delete", "alice").code == 0
    assert entrepot("user", "delete", "alice").code == 1


@pytest.mark.usefixtures("registry")
def test_a_token_covers_what_the_user_may_do(entrepot: Entrepot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTREPOT_PASSWORD", "Correct-horse-9")
    entrepot("user", "create", "alice")
    ran = entrepot("token", "alice", "--scope", "repository:library/x:pull,push", "--lifetime", "2m")
    assert ran.code == 0
    assert ran.err == "left out, because alice may not: push library/x\n"
    claims = _claims(ran.out.strip())
    assert claims["sub"] == "alice"
    assert claims["access"] == [{"type": "repository", "name": "library/x", "actions": ["pull"]}]
    assert claims["exp"] - claims["iat"] == 120
    both = ["--scope", "repository:library/x:pull", "--scope", "repository:library/y:pull"]
    claims = _claims(entrepot("token", "admin", *both).out.strip())
    assert [each["name"] for each in claims["access"]] == ["library/x", "library/y"]
    assert entrepot("token", "nobody", *both).code == 1
    entrepot("user", "disable", "alice")
    assert "`entrepot user enable alice`" in entrepot("token", "alice", *both).err


def _claims(token: str) -> dict[str, object]:
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert isinstance(claims, dict)
    return claims


def test_a_whole_store_is_whole_and_a_leak_is_found(
    registry: Path, entrepot: Entrepot, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = entrepot("check")
    assert (whole.code, whole.out.startswith("Whole: looked at ")) == (0, True)
    assert json.loads(entrepot("check", "--json").out)["whole"] is True
    name = "ab" * 16
    leaked = registry / "objects" / "ab"
    leaked.mkdir(parents=True, exist_ok=True)
    (leaked / name).write_bytes(b"x")
    assert run(["check"]) == 1
    captured = capsys.readouterr()
    assert f"object-leaked: ab/{name}" in captured.err
    assert captured.out.startswith("Broken: ")
    assert run(["check", "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["findings"][0]["fault"] == "object-leaked"
    assert captured.err == ""


def test_check_sets_aside_what_is_damaged_and_shows_it_when_it_is_good_again(
    registry: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(registry.parent)

    async def push() -> Path:
        db, storage = SqliteDatabase(registry / "entrepot.db"), FileStorage(registry / "objects")
        place = Place(db, storage, Rules())
        await place.push_image(b"a layer", b"other", tag="latest", name="pictures/cat")
        blob = await place.blobs.find(await place.grant("pictures/cat"), Digest.of(b"a layer"))
        await db.close()
        await storage.close()
        return registry / "objects" / blob.key

    file = asyncio.run(push())
    file.write_bytes(b"a_layer")
    for repair, options in (("none", []), ("quarantined", ["--repair"]), ("none", ["--repair"])):
        assert run(["check", "--json", *options]) == 1
        [found] = json.loads(capsys.readouterr().out)["findings"]
        assert (found["fault"], found["repair"]) == ("blob-corrupt", repair)
        assert found["images"] == ["pictures/cat:latest"]
    file.write_bytes(b"a layer")
    assert run(["check"]) == 1
    assert "blob-quarantined" in capsys.readouterr().err
    assert run(["check", "--repair"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Whole: ")
    assert captured.out.endswith(" 1 healed.\n")
    assert "pictures/cat:latest" in captured.err
    assert run(["check"]) == 0


def test_a_project_explains_what_it_holds(registry: Path, entrepot: Entrepot) -> None:
    async def push() -> None:
        db, storage = SqliteDatabase(registry / "entrepot.db"), FileStorage(registry / "objects")
        place = Place(db, storage, Rules())
        await place.push_image(b"a layer" * 1000, tag="latest", name="pictures/cat")
        await place.push(b"a layer" * 1000, "pictures/dog")
        await db.close()
        await storage.close()

    asyncio.run(push())
    told = entrepot("project", "usage", "pictures")
    assert "pictures holds 7." in told.err
    assert told.out.startswith("pictures/cat\t7.")
    assert "\t6.8 KiB\t0 B\t0 B\n" in told.out
    found = json.loads(entrepot("project", "usage", "pictures", "--json").out)
    assert [one["shared"] for one in found["repositories"]] == [7000, 7000]
    assert found["used"] == 7000 + sum(one["own"] for one in found["repositories"])
    assert entrepot("project", "usage", "nowhere").code == 1


def test_a_database_that_is_none_is_told(registry: Path, entrepot: Entrepot) -> None:
    (registry / "entrepot.db").write_bytes(b"this is no database" * 1000)
    for suffix in ("-wal", "-shm"):
        (registry / f"entrepot.db{suffix}").unlink(missing_ok=True)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(registry / "entrepot.db").execute("SELECT * FROM users")
    assert entrepot("user", "list").code == 1
