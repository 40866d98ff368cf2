"""READMEs are inert."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.web.markdown import gist, markdown

ATTACKS = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "![x](https://evil.test/pixel.png)",
    '![x"onerror=alert(1)](https://evil.test/"onerror="alert(1))',
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "[x]: javascript:alert(1)\n\n[x]",
    "<style>body{display:none}</style>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_attacks_are_text(text: str) -> None:
    made = markdown(text)
    assert not re.search(r"<(script|img|style|iframe|form|input)", made, re.IGNORECASE)
    assert not re.search(r'href="(?!https?:|mailto:|/|#)', made, re.IGNORECASE)
    assert not re.search(r"<[^>]*\son\w+=", made, re.IGNORECASE)


@given(st.text())
def test_nothing_that_anybody_writes_becomes_a_script(text: str) -> None:
    made = markdown(text)
    assert not re.search(r"<(script|img|style|iframe|form|input|svg|object)", made, re.IGNORECASE)
    assert not re.search(r'href="(?!https?:|mailto:|/|#)', made, re.IGNORECASE)


def test_what_people_write_is_shown() -> None:
    made = markdown("# Shop\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n~~old~~")
    assert all(tag in made for tag in ("<h1>", "<table>", "<code>", "<s>"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# Shop\n\nServes `api`,\nand [more](https://example.org).\n\nMore", "Serves api, and more."),
        ("Plain & short", "Plain & short"),
        ("| a |\n|---|\n| 1 |", ""),
        ("<b>bold</b>", "<b>bold</b>"),
        ("# Only a heading", ""),
    ],
)
def test_the_gist_of_a_readme_is_its_first_words(text: str, words: str) -> None:
    assert gist(text) == words
