"""The first start: complete or not at all, once, whoever else starts at the same time."""

import asyncio
import stat
from pathlib import Path

import pytest

from contracts.access_house import ADDRESS, CHEAP, basic
from entrepot.access.first_start import PASSWORD_FILE, first_start
from entrepot.access.gate import Gate
from entrepot.access.keys import Keys
from entrepot.access.passwords import Passwords, check_password
from entrepot.access.tokens import Tokens
from entrepot.db.contract import Database
from entrepot.db.open import open_database
from entrepot.model.errors import Invalid, Unauthenticated


async def _may_sign_in(db: Database, password: str) -> bool:
    passwords = Passwords(CHEAP)
    try:
        identity = await Gate(db, passwords, Tokens(Keys(db))).identify(basic("admin", password), ADDRESS)
    except Unauthenticated:
        return False
    finally:
        await passwords.close()
    return identity.principal.admin


async def test_a_random_password_is_written_for_the_owner_alone(database: Database, tmp_path: Path) -> None:
    data = tmp_path / "data"
    start = await first_start(database, None, data, CHEAP)
    assert start.first
    assert start.password is not None
    assert start.password not in repr(start)
    check_password(start.password)
    assert start.password_file == data / PASSWORD_FILE
    assert start.password_file.read_text() == start.password + "\n"
    assert stat.S_IMODE(start.password_file.stat().st_mode) == 0o600
    assert [path.name for path in data.iterdir()] == [PASSWORD_FILE]
    assert await _may_sign_in(database, start.password)


async def test_what_there_is_after_it(database: Database, tmp_path: Path) -> None:
    await first_start(database, None, tmp_path, CHEAP)
    assert [
        tuple(map(bool, row)) for row in await database.read(lambda tx: tx.all("SELECT admin, disabled FROM users"))
    ] == [(True, False)]
    ((name, public),) = await database.read(lambda tx: tx.all("SELECT name, public FROM projects"))
    assert (name, bool(public)) == ("library", True)
    assert len(await database.read(lambda tx: tx.all("SELECT id FROM signing_keys"))) == 1
    events = await database.read(lambda tx: tx.all("SELECT name, actor FROM events ORDER BY id"))
    assert [tuple(row) for row in events] == [("user:created", "entrepot"), ("project:created", "entrepot")]


async def test_the_second_start_changes_nothing(database: Database, tmp_path: Path) -> None:
    first = await first_start(database, None, tmp_path, CHEAP)
    assert first.password is not None
    for password in (None, "Another-Horse-8", "bad"):
        again = await first_start(database, password, tmp_path, CHEAP)
        assert (again.first, again.password, again.password_file) == (False, None, None)
    assert await _may_sign_in(database, first.password)
    assert (tmp_path / PASSWORD_FILE).exists()


async def test_a_given_password_is_written_nowhere(database: Database, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    start = await first_start(database, "Given-Horse-9", data, CHEAP)
    assert (start.first, start.password, start.password_file) == (True, None, None)
    assert list(data.iterdir()) == []
    assert await _may_sign_in(database, "Given-Horse-9")


@pytest.mark.parametrize("password", ["", "short", "Harbor12345"])
async def test_a_bad_password_starts_nothing(database: Database, tmp_path: Path, password: str) -> None:
    with pytest.raises(Invalid):
        await first_start(database, password, tmp_path, CHEAP)
    assert await database.read(lambda tx: tx.all("SELECT name FROM instance")) == []
    assert (await first_start(database, None, tmp_path, CHEAP)).first


async def test_a_start_that_died_before_its_commit_is_taken_up(database: Database, tmp_path: Path) -> None:
    (tmp_path / PASSWORD_FILE).write_text("Left-Behind-1\n")
    start = await first_start(database, None, tmp_path, CHEAP)
    assert start.password == "Left-Behind-1"
    assert await _may_sign_in(database, "Left-Behind-1")


async def test_a_password_left_by_a_start_that_died_is_not_kept_beside_a_given_one(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / PASSWORD_FILE).write_text("Left-Behind-1\n")
    await first_start(database, "Given-Horse-9", tmp_path, CHEAP)
    assert not (tmp_path / PASSWORD_FILE).exists()


@pytest.mark.parametrize("shared", [True, False])
async def test_many_start_at_once(database_url: str, tmp_path: Path, shared: bool) -> None:
    databases = [open_database(database_url, tmp_path) for _ in range(5)]
    folders = [tmp_path / "data" if shared else tmp_path / f"data-{number}" for number in range(5)]
    starts = await asyncio.gather(
        *(first_start(each, None, folder, CHEAP) for each, folder in zip(databases, folders, strict=True))
    )
    (winner,) = [start for start in starts if start.first]
    assert winner.password is not None
    assert await _may_sign_in(databases[0], winner.password)
    # Who came when all was done has made no folder.
    written = [path for folder in set(folders) if folder.exists() for path in folder.iterdir()]
    assert written == [winner.password_file]
    assert written[0].read_text().strip() == winner.password
    await asyncio.gather(*(each.close() for each in databases))


async def test_a_folder_that_cannot_be_written_starts_nothing(database: Database, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(OSError, match="data"):
        await first_start(database, None, tmp_path / "data", CHEAP)
    assert await database.read(lambda tx: tx.all("SELECT name FROM instance")) == []
