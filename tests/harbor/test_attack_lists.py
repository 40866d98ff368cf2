"""Lists under attack: SQL in every parameter, columns that are nobody's business, pages without end.

Holes of other registries that these are: CVE-2019-19026, CVE-2019-19029, CVE-2024-22261, CVE-2025-30086,
CVE-2023-2253.
"""

import importlib
import itertools
import pkgutil
import re
import tracemalloc
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
import pytest
from bare import ask
from house import Harbor
from pushing import push_image, push_signature
from rights import PATH_VALUES
from served import SERVED
from test_policies import made, rule

import entrepot.db
from contracts.access_house import basic
from entrepot.db import retention_runs
from entrepot.db.listing import Listing
from entrepot.db.schema import metadata as schema

T = TypeVar("T")
SHARE = 7
ADMIN = {"authorization": basic("admin")}
SQL = (
    "'",
    '"',
    "''; DROP TABLE users; --",
    "1 OR 1=1",
    "1) OR (1=1",
    "x' OR 'a'='a",
    "x' UNION SELECT password_hash FROM users --",
    "(SELECT password_hash FROM users LIMIT 1)",
    "(CASE WHEN (SELECT count(*) FROM users)>0 THEN id ELSE name END)",
    "id,(SELECT 1)",
    "id; SELECT pg_sleep(5)",
    "id DESC NULLS LAST, (SELECT pg_sleep(5))",
    "1; ATTACH DATABASE 'x' AS y",
    "\\",
    "\\'",
    "%",
    "_%",
    "?",
    "$1",
    "%s",
    "{0}",
    ":name",
    "\x00",
    "\ufffe",
    "\ud7ff'",
    "` OR 1=1 --",
    "/**/",
    "--",
    "NaN",
    "1e999",
    "-" + "9" * 30,
    "[1~2",
    "{'}",
    "x" * 3000,
)
OPERATORS = ("_", "~_", "[_~]", "[~_]", "{_ a}", "(_ a)", "\\_")
SECRET_COLUMNS = (
    "password",
    "password_hash",
    "Password",
    "secret",
    "secret_hash",
    "salt",
    "stamp",
    "private_key",
    "seal",
    "u.password_hash",
    "users.password_hash",
    "robots.secret_hash",
    "owner__password_hash",
    "owner.password_hash",
    "creator__password",
    "password_hash__icontains",
    "password__startswith",
    "secret_hash__gte",
    "rowid",
    "ctid",
    "1",
)
BUSINESS_OF_NOBODY = re.compile(r"password|secret|hash|salt|stamp|private|seal|token|key")
PAGED = {name: told for name, told in SERVED.items() if ("query", "page_size") in told.parameters}
THERE = {"reference": "1", "tag_name": "1", "id": "1", "eid": "1"}
"""What there is for lists of what belongs to something: `filled` makes it, and these are its ids."""
TEXTS = {
    name: [parameter for place, parameter in told.parameters if place == "query"]
    for name, told in SERVED.items()
    if told.method == "GET" and any(place == "query" for place, _ in told.parameters)
}
NUMBERS = (
    "0",
    "-1",
    str(2**31),
    str(2**63),
    str(2**63 - 1),
    "9" * 100,
    "abc",
    "",
    "1.5",
    "0x10",
    "\u0661",
    "1e3",
    " 1",
)


def _listings() -> list[Listing]:
    """Every list that there is, found where lists are declared."""
    found = []
    for module in pkgutil.iter_modules(entrepot.db.__path__, "entrepot.db."):
        if not module.ispkg:
            found += [value for value in vars(importlib.import_module(module.name)).values() if type(value) is Listing]
    return found


SOME_OR_ALL = pytest.mark.parametrize(
    "one_in", [SHARE, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(600)])], ids=["some", "all"]
)
"""Everything with everything is left to the slow tests; else each comes with each of the others by turns."""


def shared_out(things: Sequence[T], one_in: int, turn: int) -> Sequence[T]:
    """Each so manieth of the things: others at each turn, and all of them in so many turns."""
    return things[turn % one_in :: one_in]


KEYS = sorted({key for listing in _listings() for key in listing.columns} | {"tags", "labels", "digest", "member"})


def path_of(path: str) -> str:
    values = {**PATH_VALUES, "project_name_or_id": "own", "project_name": "own", **THERE}
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], path)


def query_of(name: str, /, **parameters: str) -> str:
    """The parameters after those without which the operation answers nothing."""
    needed = {"ListLabels": "scope=g", "searchUsers": "username=a", "searchUserGroups": "groupname=a", "search": "q=a"}
    told = [f"{key}={quote(value, safe='')}" for key, value in parameters.items()]
    kept = [part for part in [needed.get(name, "")] if part and part.partition("=")[0] not in parameters]
    return "?" + "&".join([*kept, *told])


@pytest.fixture
async def filled(harbor: Harbor) -> Harbor:
    """Something in every list."""
    owner, admin = harbor("owner"), harbor("admin")
    digest = await push_image(owner, "own/app", "1")
    await push_signature(owner, "own/app", digest)
    await admin.post("/labels", {"scope": "g", "name": "label", "color": "#112233"})
    await admin.post("/usergroups", {"group_name": "group", "group_type": 2})
    permission = {"kind": "system", "namespace": "/", "access": [{"resource": "user", "action": "list"}]}
    robot = {"name": "bot", "level": "system", "duration": -1, "permissions": [permission]}
    await admin.post("/robots", robot)
    policy = await made(owner, rule())
    run = await owner.post(f"{policy}/executions", {"dry_run": True})
    assert (policy, run) == ("/retentions/1", "/api/v2.0/retentions/1/executions/1")
    await harbor.whole.db.write(lambda tx: retention_runs.add(tx, 1, [(1, "app")]))
    await harbor.whole.pulls.close()  # So that nothing is counted while answers are compared.
    return harbor


async def test_every_list_is_asked_for_what_there_is(filled: Harbor) -> None:
    """Else the tests below would pass over lists that answer 404 whatever is asked."""
    for name, told in PAGED.items():
        assert (await ask(filled, "GET", path_of(told.path) + query_of(name), ADMIN)).status == 200, name
    for under in ("listRetentionExecutions", "listRetentionTasks", "listTagHistory"):
        assert len(await _entries(filled, path_of(PAGED[under].path))) == 1, under


@SOME_OR_ALL
async def test_no_text_of_a_query_is_sql(filled: Harbor, one_in: int) -> None:
    """CVE-2019-19026, CVE-2019-19029, CVE-2024-22261: every text parameter of everything that is read."""
    assert len(TEXTS) > 15
    tables = ("users", "projects", "robots", "labels", "user_groups", "quotas", "manifests")
    counts = [await filled.whole.db.read(lambda tx, t=t: tx.one(f"SELECT count(*) FROM {t}")) for t in tables]
    wrong = []
    turns = itertools.count()
    for name, parameters in TEXTS.items():
        path = path_of(SERVED[name].path)
        for parameter in parameters:
            for text in shared_out(SQL, one_in, next(turns)):
                answer = await ask(filled, "GET", path + query_of(name, **{parameter: text}), ADMIN)
                if answer.status >= 500 or b"$argon2" in answer.body:
                    wrong.append((name, parameter, text[:40], answer.status, answer.body[:100]))
    assert wrong == []
    after = [await filled.whole.db.read(lambda tx, t=t: tx.one(f"SELECT count(*) FROM {t}")) for t in tables]
    assert [tuple(row) for row in counts] == [tuple(row) for row in after]


@SOME_OR_ALL
async def test_no_value_of_a_condition_is_sql(filled: Harbor, one_in: int) -> None:
    """CVE-2019-19026: every key that a list knows, with every operator."""
    wrong = []
    # Not every text with every key: one after another, so that each comes with each kind of key and operator.
    texts = itertools.cycle(text for text in SQL if "\\" not in text and len(text) < 100)
    pairs = list(itertools.product(KEYS, OPERATORS))
    for turn, (name, told) in enumerate(PAGED.items()):
        if ("query", "q") not in told.parameters:
            continue
        for key, operator in shared_out(pairs, one_in, turn):
            condition = f"{key}={operator.replace('_', next(texts))}"
            answer = await ask(filled, "GET", path_of(told.path) + query_of(name, q=condition), ADMIN)
            if answer.status >= 500 or b"$argon2" in answer.body:
                wrong.append((name, condition, answer.status))
    assert wrong == []


@SOME_OR_ALL
async def test_no_path_is_sql(filled: Harbor, one_in: int) -> None:
    """CVE-2024-22261: the ids and names in paths."""
    for turn, told in enumerate(SERVED.values()):
        if told.method != "GET" or "{" not in told.path:
            continue
        for text in shared_out(SQL[:24], one_in, turn):
            segment = quote(text, safe="")
            for path in {
                re.sub(r"\{(\w+)\}", segment, told.path),
                path_of(told.path.rpartition("{")[0] + segment),
            }:
                answer = await ask(filled, "GET", path, ADMIN)
                assert answer.status < 500, (path, answer)
                assert b"$argon2" not in answer.body


@SOME_OR_ALL
async def test_a_secret_column_neither_filters_nor_sorts(filled: Harbor, one_in: int) -> None:
    """CVE-2025-30086: a prefix after another finds out a hash, if a list can be filtered by it."""
    for turn, (name, told) in enumerate(PAGED.items()):
        path = path_of(told.path)
        plain = await _entries(filled, path + query_of(name, page_size="50"))
        for column in shared_out(SECRET_COLUMNS, one_in, turn):
            for condition in ("=~$argon2", "=~zzz", "={a b}", "=x", "=[a~]", "=1"):
                if ("query", "q") in told.parameters:
                    q = quote(column + condition, safe="")
                    found = await _entries(filled, path + query_of(name, page_size="50", q=q))
                    assert found == plain, (name, column, condition)
                odd = await _entries(filled, path + query_of(name, page_size="50", **{column: condition[1:]}))
                assert odd == plain, (name, column, condition)
            for sort in (column, f"-{column}"):
                found = await _entries(filled, path + query_of(name, page_size="50", sort=sort))
                assert sorted(map(str, found)) == sorted(map(str, plain)), (name, sort)


def test_what_lists_know_is_no_secret() -> None:
    """CVE-2025-30086: of all lists, also those to come: no key leads to a column that holds a secret."""
    secret = {
        column.name
        for table in schema.tables.values()
        for column in table.columns
        if BUSINESS_OF_NOBODY.search(column.name)
    }
    assert {"password_hash", "secret_hash", "stamp", "private_key"} <= secret
    listings = _listings()
    assert len(listings) >= 11
    for listing in listings:
        for key, column in listing.columns.items():
            assert not BUSINESS_OF_NOBODY.search(key), key
            named = set(re.findall(r"[a-z_]+", column.expression))
            assert not named & secret, (key, column.expression)


async def test_pages_of_any_number_are_bounded(filled: Harbor) -> None:
    """CVE-2023-2253, in the management API."""
    wrong: list[tuple[str, dict[str, str], Any]] = []
    for number in NUMBERS:
        refused = len(number) > 3 and number.isdecimal()
        tracemalloc.start()
        for name, told in PAGED.items():
            for parameters in ({"page": number}, {"page_size": number}, {"page": number, "page_size": number}):
                answer = await ask(filled, "GET", path_of(told.path) + query_of(name, **parameters), ADMIN)
                expected = (400, 422) if refused and "page_size" in parameters else (200, 400, 422)
                if answer.status not in expected:
                    wrong.append((name, parameters, answer))
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        if held >= 16 << 20:
            wrong.append(("memory", {"number": number}, held))
    assert wrong == []


async def test_n_of_any_number_is_bounded(filled: Harbor) -> None:
    """CVE-2023-2253: other registries made room for as many entries as were asked for."""
    digest = PATH_VALUES["reference"]
    paths = ("/v2/_catalog", "/v2/own/app/tags/list", f"/v2/own/app/referrers/{digest}")
    for path in paths:
        await ask(filled, "GET", path, ADMIN)  # What the first request of a process makes for itself is not asked.
    wrong: list[tuple[str, str, Any]] = []
    for number in NUMBERS:
        expected = 200 if number.isascii() and number.isdigit() else 400
        tracemalloc.start()
        for path in paths:
            answer = await ask(filled, "GET", f"{path}?n={quote(number, safe='')}", ADMIN)
            if answer.status != expected:
                wrong.append((path, number, answer))
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        if held >= 4 << 20:
            wrong.append(("memory", number, held))
    assert wrong == []


async def _entries(harbor: Harbor, path: str) -> list[Any]:
    answer = await ask(harbor, "GET", path, ADMIN)
    assert answer.status == 200, (path, answer)
    return list(msgspec.json.decode(answer.body))


async def test_a_nul_does_not_find_everything(harbor: Harbor) -> None:
    admin = harbor("admin")
    for path in ("/projects?name=%00", "/projects?q=name=~%00", "/usergroups?group_name=%00", "/users?q=username=~%00"):
        answer = await admin("GET", path)
        assert answer.status_code == 400, (path, answer.status_code, answer.text)
