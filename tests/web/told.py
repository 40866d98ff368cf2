"""What is told to people from below the pages: by errors, by rules that keep or take something, by jobs.

A sentence is a pattern: what is filled in stands as `%(1)s`, `%(2)s` and so on, as `Voice.told` reads it.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from entrepot.jobs.task import JobFailed
from entrepot.model import errors
from entrepot.model.layer_draft import LayerRefused
from entrepot.registry.archive import ArchiveRefused
from entrepot.registry.unpacking import Undecodable
from entrepot.tasks.examine import Damage

SOURCE = Path(__file__).parents[2] / "src" / "entrepot"
ROOMS = ("model", "storage", "db", "jobs", "access", "registry", "tasks", "wire", "web")
WHOLE = (
    "model/job_reason.py",
    "model/retained.py",
    "model/selector.py",
    "model/immutability.py",
    "registry/protection.py",
    "registry/retaining.py",
    "storage/failing.py",
)
"""Modules of which every string with a blank in it is part of a sentence for people, raised or not."""
OF_CLIENTS = (
    errors.ManifestInvalid,
    errors.ManifestTooLarge,
    errors.BlobUploadInvalid,
    errors.SizeInvalid,
    errors.PageInvalid,
    errors.BlobUploadUnknown,
    errors.ManifestReferencesUnknown,
    errors.ScopeInsufficient,
    errors.RangeInvalid,
)
"""What only clients that push and pull are told."""
NOT_OF_PAGES = {
    "access/tokens.py": "tokens are of clients",
    "access/gate.py": "credentials are of clients; pages are signed in to by a form",
    "registry/uploads.py": "uploads are of clients",
    "db/listing.py": "the query language of the management API",
    "db/artifact_lists.py": "the same",
    "db/audit_lists.py": "the same",
    "db/migrate.py": "schemas are made by a command, and before there are pages",
    "registry/icons.py": "pages show no icons of artifacts",
    "web/topic.py": "what the script of a page asks for",
    "tasks/prove.py": "the findings of a command",
    "model/manifest.py": "manifests are pushed by clients",
}
SPOKEN: dict[str, type] = {
    "ArchiveRefused": ArchiveRefused,
    "Damage": Damage,
    "JobFailed": JobFailed,
    "LayerRefused": LayerRefused,
    "Undecodable": Undecodable,
    **{
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.EntrepotError)
    },
}


def told() -> Iterator[tuple[str, str]]:
    """Every sentence, and where it is."""
    for room in ROOMS:
        for path in sorted((SOURCE / room).rglob("*.py")):
            inside = path.relative_to(SOURCE).as_posix()
            if inside in NOT_OF_PAGES:
                continue
            tree = ast.parse(path.read_text())
            found = _every(tree) if inside in WHOLE else _raised(tree, inside)
            yield from ((text, f"{path}:{line}") for text, line in found if _says_something(text))


def _raised(tree: ast.Module, inside: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and _tells(node.func):
            yield from (
                (text, node.lineno) for text in _texts(node.args[-1 if _called(node.func) == "Damage" else 0], inside)
            )


def _tells(function: ast.expr) -> bool:
    """Whether what is called takes a sentence for people: it is an error, or the log of a job."""
    match function:
        case ast.Attribute(value=ast.Name(id="job" | "running"), attr="log"):
            return True
    kind = SPOKEN.get(_called(function))
    return kind is not None and not issubclass(kind, OF_CLIENTS)


def _called(function: ast.expr) -> str:
    """The name of what is called, where it is one of a module's own or of `errors`."""
    match function:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="errors"), attr=name):
            return name
    return ""


def _every(tree: ast.Module) -> Iterator[tuple[str, int]]:
    documented = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and node.msg is not None:
            documented.add(id(node.msg))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("strftime"):
            documented.update(id(argument) for argument in node.args)
    within = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented | within
        ):
            yield from ((text, node.lineno) for text in _texts(node, "") if " " in text.strip())


def _texts(node: ast.expr, inside: str) -> list[str]:
    """The patterns that an expression gives; none if it gives what somebody else has said."""
    if isinstance(node, ast.IfExp):
        return _texts(node.body, inside) + _texts(node.orelse, inside)
    if isinstance(node, ast.Name):
        module = importlib.import_module("entrepot." + inside.removesuffix(".py").replace("/", "."))
        value = getattr(module, node.id, None)
        return [value] if isinstance(value, str) else []
    parts = _parts(node)
    count = iter(range(1, 100))
    return ["".join(f"%({next(count)})s" if part is None else part.replace("%", "%%") for part in parts)]


def _parts(node: ast.expr) -> list[str | None]:
    """Constant parts, and None for each that is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [part for value in node.values for part in _parts(value)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _parts(node.left) + _parts(node.right)
    return [None]


def _says_something(text: str) -> bool:
    """Whether it is more than what is filled in."""
    return any(character.isalpha() for character in re.sub(r"%\(\d+\)s", "", text))
