"""User names, the table of roles, and that nobody outside this room makes a Grant."""

import ast
from pathlib import Path

import pytest

import entrepot
from entrepot.access.local import itself_grant, shell_grant
from entrepot.access.names import parse_user_name
from entrepot.access.remembered import Remembered
from entrepot.access.roles import allowed
from entrepot.model.errors import NameInvalid
from entrepot.model.grant import Proof
from entrepot.model.project import Action, Role

PULL, PUSH, DELETE = Action.PULL, Action.PUSH, Action.DELETE


@pytest.mark.parametrize("name", ["a", "A.b-c_d+e@example.org", "Jörg", "日本", "x" * 255, "robot", "a/b\\c'd;e|f"])
def test_good_names(name: str) -> None:
    assert parse_user_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 256,
        *(f"a{c}b" for c in ',"~#%$: \t\n\r\0\x7f\u00a0\u2028\u200b\u202e\ud800'),
        "anonymous",
        "shell",
        "entrepot",
    ],
)
def test_bad_names(name: str) -> None:
    with pytest.raises(NameInvalid):
        parse_user_name(name)


@pytest.mark.parametrize("public", [False, True])
def test_the_table(public: bool) -> None:
    table = {
        Role.PROJECT_ADMIN: {PULL, PUSH, DELETE},
        Role.MAINTAINER: {PULL, PUSH, DELETE},
        Role.DEVELOPER: {PULL, PUSH},
        Role.GUEST: {PULL},
        Role.LIMITED_GUEST: {PULL},
    }
    assert set(table) == set(Role)
    for role, actions in table.items():
        assert allowed(admin=False, roles=frozenset({role}), public=public) == actions
        assert allowed(admin=True, roles=frozenset({role}), public=public) == set(Action)
    assert allowed(admin=False, roles=frozenset(), public=public) == ({PULL} if public else set())
    assert allowed(admin=True, roles=frozenset(), public=public) == set(Action)


def test_the_machines_own_grants() -> None:
    assert (shell_grant().principal.proof, itself_grant().principal.proof) == (Proof.SHELL, Proof.ITSELF)
    assert shell_grant().principal.user_id is None


def test_only_access_makes_grants() -> None:
    source = Path(entrepot.__file__).parent
    makers = {
        path.relative_to(source).parts[0]
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) or getattr(node.func, "attr", ""))
        in ("RepositoryGrant", "CatalogGrant", "SystemGrant")
    }
    assert makers == {"access"}


def test_what_is_remembered_is_bounded_and_ends() -> None:
    table: Remembered[int] = Remembered(3)
    for number in range(3):
        table.put(bytes([number]), number, until=10)
    assert table.get(b"\0", now=5) == 0
    table.put(b"\3", 3, until=10)
    assert (len(table), table.get(b"\1", now=5), table.get(b"\0", now=5)) == (3, None, 0)
    assert table.get(b"\0", now=10) is None
    table.forget(b"\2")
    table.forget(b"\2")
    assert len(table) == 1
    table.put(b"\3", 4, until=20)
    assert (len(table), table.get(b"\3", now=15)) == (1, 4)
