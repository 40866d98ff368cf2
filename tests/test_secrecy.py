"""What the source may not do with secrets and with what others sent: it is read, not run.

Holes of other registries that these are: CVE-2023-20902, PROJQUAY-11190.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
SECRET = re.compile(
    r"(?:^|_)(?:password|secret|token|csrf|cookie|signature|stamp|mac|hmac|hash|hashes|key_value|credentials?|seal)$"
    r"|^(?:stamp_of|guard|new)$"
)
NO_SECRETS = {
    ("src/entrepot/access/sign_in.py", "proven == found.password_hash"): "two hashes of rows, neither of them sent",
    (
        "src/entrepot/commands/printing.py",
        "getpass.getpass('The same again: ') != password",
    ): "typed twice by one person",
    ("src/entrepot/web/pages/account.py", "new != ask.form.secret('again')"): "typed twice by one person",
    ("src/entrepot/web/pages/account.py", "password != ask.form.secret('again')"): "typed twice by one person",
    ("src/entrepot/access/sessions.py", "one.stamp == stamp"): "two stamps of rows, neither of them sent",
}
"""Comparisons whose sides are named as if they were secrets, and why they are none."""
DANGEROUS = {"pickle", "cPickle", "dill", "marshal", "shelve", "jsonpickle", "yaml", "ruamel", "xmlrpc", "telnetlib"}
DANGEROUS_CALLS = {"eval", "exec", "compile", "__import__"}


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield str(path.relative_to(SOURCE.parent)), ast.parse(path.read_text())


_PASSED = {"encode", "decode", "strip", "lower", "hexdigest", "digest"}
"""Methods that give the same secret in another form."""


def _name(node: ast.expr | None) -> str:
    """What a side of a comparison is called."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Await(value=inner):
            return _name(inner)
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
            return name
        case ast.Call(func=ast.Attribute(attr=method, value=inner)) if method in _PASSED:
            return _name(inner)
        case ast.Call(func=function):
            return _name(function)
    return ""


def _compared(tree: ast.Module) -> Iterator[ast.Compare]:
    """The comparisons for equality of what may be a secret."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
            sides = [node.left, *node.comparators]
            # A secret compared with a constant is asked whether there is one.
            if any(SECRET.search(_name(side)) for side in sides) and not any(
                isinstance(s, ast.Constant) for s in sides
            ):
                yield node


def test_secrets_are_compared_in_constant_time() -> None:
    """CVE-2023-20902: by `hmac.compare_digest`, or by the hasher of passwords."""
    found = {(name, ast.unparse(node)) for name, tree in _sources() for node in _compared(tree)}
    assert found == set(NO_SECRETS)


@pytest.mark.parametrize(
    "text",
    [
        "secret == given",
        "given != self._secret",
        "stamp_of(row.password_hash) != identity.stamp",
        "headers['x-csrf'] == token",
        "request.headers.get('cookie') == x",
        "hmac.new(key, text, sha256).hexdigest() == signature",
        "a.password.encode() == b",
    ],
)
def test_such_a_comparison_is_seen(text: str) -> None:
    """CVE-2023-20902: so that the test above means something."""
    assert list(_compared(ast.parse(text)))


def test_nothing_that_was_sent_or_kept_can_become_code() -> None:
    """PROJQUAY-11190: no pickle, no YAML, no code made of text."""
    found = []
    for name, tree in _sources():
        for node in ast.walk(tree):
            imported: list[str] = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                imported = [node.module or ""]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in DANGEROUS_CALLS:
                found.append(f"{name}:{node.lineno} {node.func.id}")
            found += [f"{name}: {one}" for one in imported if one.partition(".")[0] in DANGEROUS]
    assert found == []
