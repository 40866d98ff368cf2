"""Every page and every form, by everybody, in a project of their own and in others': the answer is the table's.

Whoever may is answered; whoever may not is sent to sign in, or told 403, and nothing changes by it.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from furnish import Made, addresses, furnish
from house import Harbor
from operations_page import CONTRACT
from page_rights import CHANGING, FORMS, READING, Right
from reader import Reader, Readers
from rights import ROLES, Policies

from contracts.access_house import basic
from entrepot.access.local import shell_grant
from entrepot.web.route import Route
from entrepot.web.routes import ROUTES
from entrepot.web.subject import Place

POLICIES = Policies(json.loads(CONTRACT.read_text()))
PROJECTS = ("own", "public", "hidden")
PEOPLE = ("nobody", "stranger", *ROLES, "admin")
PASSING = frozenset({"sessions", "sign_in_failures", "remembered_passwords", "instance"})
"""Tables that change because somebody comes at all."""
GETS = [route for route in ROUTES if route.method == "GET"]
POSTS = [route for route in ROUTES if route.method == "POST"]


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    shutil.copy(migrated_sqlite, tmp_path / "entrepot.db")
    return f"sqlite:///{tmp_path / 'entrepot.db'}"


class Database:
    """What stands in the database, to be compared and put back."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> dict[str, list[object]]:
        """Everything that pages can change."""
        with closing(sqlite3.connect(self._path)) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                table: connection.execute(f"SELECT * FROM {table}").fetchall()
                for table in tables
                if table not in PASSING
            }

    def keep(self) -> sqlite3.Connection:
        """A copy of it all."""
        kept = sqlite3.connect(":memory:")
        with closing(sqlite3.connect(self._path)) as connection:
            connection.backup(kept)
        return kept

    def put_back(self, kept: sqlite3.Connection) -> None:
        """Has everything be as it was."""
        with closing(sqlite3.connect(self._path)) as connection:
            kept.backup(connection)


class Everybody:
    """People with browsers, and the projects that they go through."""

    def __init__(self, people: dict[str, Reader], made: dict[str, Made], database: Database) -> None:
        self.people = people
        self.made = made
        self.database = database

    def asked(self, route: Route, right: Right) -> Iterator[tuple[str, Reader, str, bool]]:
        """Who asks, which address, and whether they may."""
        for project in PROJECTS if route.place is not Place.HOUSE else ("own",):
            for path in addresses(route, self.made[project]):
                for name, reader in self.people.items():
                    yield name, reader, path, may(right, name, project)


def may(right: Right, name: str, project: str) -> bool:
    """Whether the table lets them."""
    if right.nobody:
        return name == "nobody"
    if right.everybody or name == "admin":
        return True
    if right.signed_in:
        return name != "nobody"
    if name in right.who:
        return True
    if right.admin or right.who or (name == "nobody" and project != "public"):
        return False
    return all(POLICIES.holds(name, project, needed) for needed in right.needed)


@pytest.fixture
async def everybody(harbor: Harbor, reader: Readers, tmp_path: Path) -> Everybody:
    await harbor.whole.projects.create(shell_grant(), "hidden")
    made = {project: await furnish(harbor("admin"), project) for project in PROJECTS}
    people = {name: reader() for name in PEOPLE}
    for name, person in people.items():
        if name != "nobody":
            await person.sign_in(name)
        await person.get("/")
    await people["nobody"].get("/-/sign-in")
    return Everybody(people, made, Database(tmp_path / "entrepot.db"))


def test_every_page_and_form_is_in_the_table() -> None:
    reading = {(route.place, route.page) for route in GETS}
    changing = {(route.place, route.page) for route in POSTS}
    assert reading == READING.keys(), "tests/web/page_rights.py: READING"
    assert changing == CHANGING.keys(), "tests/web/page_rights.py: CHANGING"


@pytest.mark.timeout(600)  # Everybody, everywhere: it grows with the pages.
async def test_a_page_is_for_whom_the_table_says(everybody: Everybody) -> None:
    wrong = []
    for route in GETS:
        right = READING[route.place, route.page]
        for name, person, path, allowed in everybody.asked(route, right):
            answer = await person.get(path)
            told = _told(answer.status_code, answer.headers.get("location", ""))
            expected = "shown" if allowed else ("sign in" if name == "nobody" else "refused")
            if told != expected:
                wrong.append(f"GET {path} by {name}: {answer.status_code}, {told}, not {expected}")
    assert not wrong, "\n".join(wrong)


async def test_a_password_without_a_session_opens_nothing(everybody: Everybody, reader: Readers) -> None:
    wrong = []
    somebody = reader()
    for route in GETS:
        right = READING[route.place, route.page]
        for path in addresses(route, everybody.made["hidden"]):
            answer = await somebody.get(path, headers={"authorization": basic("admin")})
            told = _told(answer.status_code, answer.headers.get("location", ""))
            if told != ("shown" if right.everybody or right.nobody else "sign in"):
                wrong.append(f"GET {path}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(600)  # Everybody, everywhere: it grows with the pages.
async def test_a_form_is_for_whom_the_table_says(everybody: Everybody) -> None:
    wrong = []
    kept, before = everybody.database.keep(), everybody.database.rows()
    for route in POSTS:
        right = CHANGING[route.place, route.page]
        fields = FORMS.get((route.place, route.page), {})
        for name, person, path, allowed in everybody.asked(route, right):
            cookies = httpx.Cookies(person.http.cookies)
            answer = await person.post(path, dict(fields))
            person.http.cookies = cookies
            told = _told(answer.status_code, answer.headers.get("location", ""))
            if allowed:
                if told in ("sign in", "refused") or answer.status_code >= 500:
                    wrong.append(f"POST {path} by {name}: {answer.status_code}, {told}, but may: {_words(answer.text)}")
                everybody.database.put_back(kept)
            else:
                expected = "sign in" if name == "nobody" else "refused"
                if told != expected:
                    wrong.append(f"POST {path} by {name}: {answer.status_code}, {told}, not {expected}")
                after = everybody.database.rows()
                if after != before:
                    changed = [table for table in after if after[table] != before[table]]
                    wrong.append(f"POST {path} by {name}: refused, and these changed: {', '.join(changed)}")
                    everybody.database.put_back(kept)
    assert not wrong, "\n".join(wrong)


async def test_a_form_without_its_token_does_nothing(everybody: Everybody) -> None:
    wrong = []
    before = everybody.database.rows()
    for route in POSTS:
        for path in addresses(route, everybody.made["own"]):
            for token in ("", "00" * 64):
                answer = await everybody.people["admin"].post(path, {"token": token})
                if answer.status_code != 403 or everybody.database.rows() != before:
                    wrong.append(f"POST {path} with the token {token!r}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def _told(status: int, location: str) -> str:
    if status == 303:
        return "sign in" if location.startswith("/-/sign-in?next=") else "shown"
    return {200: "shown", 401: "sign in", 403: "refused"}.get(status, str(status))


def _words(page: str) -> str:
    return " ".join(page.partition("<main")[2].partition("</main>")[0].split())[:300]
