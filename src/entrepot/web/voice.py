"""A language: its sentences, its dates, its numbers.

Sentences are gettext's, from the files in `locale/<language>/`; English is what stands in the source. A test holds
that no sentence is left without its translation.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from entrepot.web.permission_words import phrases
from entrepot.web.told import Told

LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "简体中文"}
"""By what the cookie and the address of a page call it: what its speakers call it."""
_LOCALES = {"en": Locale("en"), "zh": Locale("zh", script="Hans", territory="CN")}
_TAGS = {"en": "en", "zh": "zh-Hans"}
_FOLDER = Path(__file__).parent / "locale"
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_JUST_NOW = 5


class Voice:
    """Speaks one language."""

    def __init__(self, code: str) -> None:
        """`code` is one of `LANGUAGES`."""
        self.code = code
        self.tag = _TAGS[code]
        """What the language is called in HTML and HTTP (BCP 47)."""
        self._locale = _LOCALES[code]
        self._sentences = _catalogue(code)
        self._told = Told(_patterns(code))

    def gettext(self, sentence: str) -> str:
        """The sentence in this language."""
        return self._sentences.gettext(sentence)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The sentence for that many."""
        return self._sentences.ngettext(one, many, count)

    def say(self, sentence: str, /, **values: object) -> str:
        """The sentence with values in the place of `%(name)s`."""
        return self.gettext(sentence) % values if values else self.gettext(sentence)

    def say_many(self, one: str, many: str, count: int, /, **values: object) -> str:
        """As `say`, for that many; `%(n)s` is the count."""
        return self.ngettext(one, many, count) % {"n": self.number(count), **values}

    def told(self, sentence: str) -> str:
        """A sentence from below the pages, such as an error's, in this language; one that is not known as it is."""
        return self._told.find(sentence) or sentence

    def number(self, value: float) -> str:
        """A number with the language's separators."""
        return _number(self.code, value)

    def size(self, count: int) -> str:
        """Bytes as people say them, decimal: `96.4 MB`."""
        value, unit = float(count), 0
        while value >= 999.5 and unit < len(_UNITS) - 1:
            value, unit = value / 1000, unit + 1
        text = f"{value:.0f}" if unit == 0 or value >= 99.95 else f"{value:.1f}"
        return f"{self.number(float(text))} {_UNITS[unit]}"

    def ago(self, moment: int) -> str:
        """How long ago, or in how long, a moment in microseconds since 1970 is: `4 min. ago`."""
        seconds = moment / 1e6 - time.time()
        if abs(seconds) < _JUST_NOW:
            return self.gettext("just now")
        # In steps that the words do not tell apart, so that a list of many moments asks for few sentences.
        step = next(step for most, step in _STEPS if abs(seconds) < most)
        return _ago(self.code, int(seconds / step) * step)

    def lasting(self, microseconds: int) -> str:
        """A duration: `7 days`."""
        return str(format_timedelta(timedelta(microseconds=microseconds), format="long", locale=self._locale))

    def moment(self, microseconds: int) -> str:
        """A moment exactly, in UTC, as people write it."""
        return _moment(self.code, microseconds // 1_000_000)


_STEPS = ((120, 1), (7200, 60), (2 * 86_400, 600), (float("inf"), 3600))
"""Up to how many seconds, and how many of them are told as one."""


@lru_cache(maxsize=4096)
def _number(code: str, value: float) -> str:
    return str(format_decimal(value, locale=_LOCALES[code]))


@lru_cache(maxsize=4096)
def _ago(code: str, seconds: int) -> str:
    told = format_timedelta(timedelta(seconds=seconds), add_direction=True, format="long", locale=_LOCALES[code])
    return str(told)


@lru_cache(maxsize=16_384)
def _moment(code: str, seconds: int) -> str:
    return f"{format_datetime(datetime.fromtimestamp(seconds, UTC), 'medium', locale=_LOCALES[code])} UTC"


@cache
def voice_of(code: str) -> Voice:
    """The voice of a language, English if there is none."""
    return Voice(code if code in LANGUAGES else "en")


def preferred_language(accept_language: str) -> str:
    """Whichever of `LANGUAGES` the header (RFC 9110, section 12.5.4) prefers; English if none."""
    best, best_weight = "en", 0.0
    for part in accept_language[:1024].split(","):
        tag, _, parameter = part.partition(";")
        weight = _weight(parameter)
        primary = tag.strip().lower().partition("-")[0]
        if primary in LANGUAGES and weight > best_weight:
            best, best_weight = primary, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0


def _patterns(code: str) -> dict[str, str]:
    """What the language has for sentences from below the pages."""
    path = _FOLDER / code / "told.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        found = {str(one.id): str(one.string) for one in read_po(file, locale=_LOCALES[code]) if one.id and one.string}
    return found | phrases(_catalogue(code).gettext)


@cache
def _catalogue(code: str) -> NullTranslations:
    sentences: NullTranslations = NullTranslations()
    for path in sorted((_FOLDER / code).glob("*.po")):
        compiled = BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=_LOCALES[code]))
        compiled.seek(0)
        found = GNUTranslations(compiled)
        found.add_fallback(sentences)
        sentences = found
    return sentences
