"""Every language says everything, and nothing that nobody asks for."""

import re

import pytest
from sentences import LOCALE, known, missing, said

LANGUAGES = sorted(path.name for path in LOCALE.iterdir() if path.is_dir())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str) -> None:
    assert missing(language) == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_translated_that_is_not_said(language: str) -> None:
    assert known(language).keys() - {sentence for sentence, _ in said()} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_hold_the_same_values(language: str) -> None:
    for sentence, text in known(language).items():
        wanted = {*re.findall(r"%\((\w+)\)s", " ".join([sentence] if isinstance(sentence, str) else sentence))}
        for one in [text] if isinstance(text, str) else text:  # type: ignore[attr-defined]
            assert {*re.findall(r"%\((\w+)\)s", one)} <= wanted, sentence
            assert one.count("%%") + len(re.findall(r"%\(\w+\)s", one)) == one.count("%") - one.count("%%"), sentence
