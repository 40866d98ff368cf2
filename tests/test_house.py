"""The house is kept small enough to hold, and speaks of the product alone."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
LONG_BY_NATURE = {"src/entrepot/db/migrations/versions"}
"""Tables are as long as what they list."""
LOCK_FILES = ("requirements/",)

NO_NOUNS = re.compile(r"(?:^|_)(?:utils?|helpers?|common|managers?|misc)(?:_|$)")
OF_ONE_MACHINE = re.compile(r"(?:^|[\s\"'`(=:])/(?:work|tmp|root|home)/")
"""Paths that mean something on one machine only."""


def tracked() -> list[Path]:
    """Every file of the repository that is kept, or would be with the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """The Python files, by their path in the repository."""
    found = {str(path.relative_to(ROOT)): path.read_text() for path in tracked() if path.suffix == ".py"}
    assert "src/entrepot/model/digest.py" in found
    return found


def long_by_nature(name: str) -> bool:
    return any(name.startswith(exempt) for exempt in LONG_BY_NATURE)


def test_files_are_short(sources: dict[str, str]) -> None:
    lengths = {name: text.count("\n") for name, text in sources.items() if not long_by_nature(name)}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_are_short(sources: dict[str, str]) -> None:
    long = {
        f"{name}:{node.name}": length
        for name, text in sources.items()
        if not long_by_nature(name)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_modules_are_named_for_a_noun(sources: dict[str, str]) -> None:
    names = {part for name in sources for part in Path(name).with_suffix("").parts}
    assert {name for name in names if NO_NOUNS.search(name)} == set()


def test_modules_and_what_others_use_of_them_say_what_they_are(sources: dict[str, str]) -> None:
    silent = []
    for name, text in sources.items():
        if not name.startswith("src/") or "/migrations/" in name:
            continue
        tree = ast.parse(text)
        silent += [name] if ast.get_docstring(tree) is None else []
        silent += [
            f"{name}:{node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and ast.get_docstring(node) is None
        ]
    assert silent == []


def test_no_file_names_a_path_of_one_machine() -> None:
    found = []
    for path in tracked():
        name = str(path.relative_to(ROOT))
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if not name.startswith(LOCK_FILES):
            lines = enumerate(text.splitlines(), 1)
            found += [f"{name}:{number}" for number, line in lines if OF_ONE_MACHINE.search(line)]
    assert found == []


def test_such_paths_are_known() -> None:
    for line in ("cd " + "/" + "home/me/", "path = " + "/" + "tmp/x"):
        assert OF_ONE_MACHINE.search(line), line
    for line in ("/v2/library/hello", "https://example.org/work/", "application/vnd.oci", "a/tmp/b", "/etc/entrepot"):
        assert not OF_ONE_MACHINE.search(line), line
