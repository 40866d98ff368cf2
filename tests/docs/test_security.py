"""The page on security: every hole that is known of is in it, and every test that it names is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
HOLES = (ROOT / "tests" / "docs" / "holes.txt").read_text().split()
PARTS = {
    "webhooks",
    "replication",
    "proxy cache",
    "scanning",
    "preheat",
    "OIDC",
    "pages",
}
"""What does not exist yet; a line that waits for a part is to be answered when it does."""


def _rows() -> dict[str, list[str]]:
    rows = re.findall(r"^\| ((?:CVE|GHSA|PROJQUAY)-[\w-]+) \|(.*)\|$", PAGE, re.MULTILINE)
    assert len({hole for hole, _ in rows}) == len(rows)
    return {hole: [cell.strip() for cell in rest.split("|")] for hole, rest in rows}


ROWS = _rows()


def test_every_hole_that_is_known_of_has_its_line() -> None:
    assert list(ROWS) == HOLES
    assert len(HOLES) == 47


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_has_a_test_that_is_there_and_names_it(hole: str) -> None:
    what, guard, told = ROWS[hole]
    assert what
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", told)
    waits = re.findall(r"comes with ([A-Za-z ]+?)(?= and |$|\.|;)(?: and ([a-z ]+))?", f"{guard}\n{told}", re.MULTILINE)
    assert named or waits
    assert bool(named) == bool(guard)
    assert {part for parts in waits for part in parts if part} <= PARTS
    about = ""
    for file, name in named:
        path = ROOT / file
        tree = ast.parse(path.read_text())
        tests = {
            node.name: ast.get_docstring(node) or ""
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in tests, f"{file}::{name}"
        about += (ast.get_docstring(tree) or "") + tests[name]
    assert not named or hole in about


def test_the_page_is_found() -> None:
    assert "(docs/security.md)" in (ROOT / "README.md").read_text()
    assert "Report a vulnerability" in PAGE
