"""The rooms import one way only, and a few things are made in one place only."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "entrepot"

ROOMS = [
    {"model"},
    {"storage", "db", "remote"},
    {"jobs", "access"},
    {"registry"},
    {"tasks"},
    {"wire"},
    {"api", "web"},
    {"server", "app", "cli", "commands", "config", "settings_values", "__main__"},
]
"""From left to right. A room imports itself and those further left; the last, where all is put together, any."""
RANK = {room: rank for rank, rooms in enumerate(ROOMS) for room in rooms}
GRANTS = {"RepositoryGrant", "CatalogGrant", "SystemGrant"}


@cache
def modules() -> tuple[tuple[Path, str, ast.Module], ...]:
    """Every module of the product: where it is, its room and what it says."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        inside = path.relative_to(SOURCE)
        if inside.name != "__init__.py" or len(inside.parts) > 1:
            found.append((path, inside.parts[0].removesuffix(".py"), ast.parse(path.read_text())))
    return tuple(found)


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole module"
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def test_every_room_is_known() -> None:
    assert {room for _, room, _ in modules()} <= RANK.keys()


def test_rooms_import_only_rooms_to_their_left() -> None:
    wrong = []
    for path, room, tree in modules():
        for line, name in imported(tree):
            parts = name.split(".")
            if parts[0] != "entrepot" or len(parts) == 1 or parts[1] == room or RANK[room] == len(ROOMS) - 1:
                continue
            if RANK.get(parts[1], -1) >= RANK[room]:
                wrong.append(f"{path.relative_to(SOURCE)}:{line} imports {name}")
    assert wrong == []


def test_what_is_inside_knows_no_http() -> None:
    edge = {"http", "httpx", "uvicorn", "litestar", "starlette", "asgiref", "httptools", "urllib.request", "socket"}
    inner = {"model", "db", "access", "registry", "tasks"}
    found = [
        f"{path.relative_to(SOURCE)}:{line} {name}"
        for path, room, tree in modules()
        if room in inner
        for line, name in imported(tree)
        if name in edge or name.split(".")[0] in edge
    ]
    assert found == []


def called(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_only_access_makes_grants() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}"
        for path, room, tree in modules()
        if room != "access"
        for line, name in called(tree)
        if name.split(".")[-1] in GRANTS
    ]
    assert found == []
    makers = {room for _, room, tree in modules() for _, name in called(tree) if name in GRANTS}
    assert makers == {"access"}, "and it does make them, so the names above are right"


def test_nothing_changes_a_grant() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and "grant" in ast.unparse(node.args[0] if node.args else node).lower()
        if ast.unparse(node.func) in {"replace", "dataclasses.replace", "copy.replace", "object.__setattr__"}
    ]
    assert found == []


def test_nothing_runs_what_it_reads() -> None:
    forbidden = {"eval", "exec", "compile", "__import__", "yaml.load", "yaml.unsafe_load", "os.system", "marshal.loads"}
    found = [
        f"{path.relative_to(SOURCE)}:{line} {name}"
        for path, _, tree in modules()
        for line, name in (*called(tree), *imported(tree))
        if name in forbidden or name.split(".")[0] in {"pickle", "shelve", "dill"}
    ]
    assert found == []
