"""From a view to HTML: one environment of templates per language; everything is escaped."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from entrepot.web.asset import Assets
from entrepot.web.attached import attached, trust
from entrepot.web.inert import inert
from entrepot.web.livery import livery
from entrepot.web.markdown import gist, markdown
from entrepot.web.platform import platforms_of
from entrepot.web.role import ROLE_NAMES
from entrepot.web.subject import address, written
from entrepot.web.voice import LANGUAGES, Voice

_TEMPLATES = Path(__file__).parent / "templates"
TOKEN = "<!token!>"  # noqa: S105 - the place where it goes
"""Stands in pages where the token of forms goes, which is another in every answer, so that equal pages are equal."""
SEEN = "<!seen!>"
"""Stands where the number of the newest event goes that the page has seen; for the same reason."""


class Renderer:
    """Renders templates."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._environment = cache(self._make)

    def render(self, voice: Voice, template: str, shown: dict[str, Any]) -> str:
        """The template, filled in, in the voice's language."""
        return self._environment(voice).get_template(f"{template}.html.j2").render(shown)

    def _make(self, voice: Voice) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        )
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            voice.gettext, voice.ngettext, newstyle=True
        )
        environment.globals.update(
            voice=voice,
            languages=LANGUAGES,
            asset=self._assets.address,
            address=address,
            written=written,
            livery=livery,
            icon=cache(self._icon),
            platforms=platforms_of,
            trust=trust,
            attached=attached,
            role_name=ROLE_NAMES.__getitem__,
            seen=Markup(SEEN),  # noqa: S704 - a constant
            token=Markup(f'<input type="hidden" name="token" value="{TOKEN}">'),  # noqa: S704 - a constant
        )
        environment.filters.update(
            size=voice.size,
            number=voice.number,
            ago=lambda moment: _time(voice, moment),
            lasting=voice.lasting,
            markdown=markdown,
            gist=gist,
            inert=inert,
            told=lambda sentence, most=0: _told(voice, sentence, most),
            line=lambda sentence: inert(voice.told(sentence)),
            short=lambda digest: str(digest).rpartition(":")[2][:12],
        )
        return environment

    def _icon(self, name: str) -> Markup:
        source = escape(self._assets.address("icons.svg"))
        return Markup('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>').format(source, name)


def _told(voice: Voice, sentence: object, most: int) -> Markup:
    """A sentence from below, made harmless where it may hold what others wrote (`most` characters of it)."""
    text = voice.told(str(sentence))
    # What is not translated is in English, and says so where the page is not.
    language = Markup(' lang="en"') if voice.code != "en" and text == sentence and text.isascii() else ""
    return Markup("<span{}>{}</span>").format(language, inert(text, most) if most else text)


def _time(voice: Voice, moment: int | None) -> Markup:
    """A moment as people say it, with the exact one beside; what never was, in a word."""
    if not moment:
        never = escape(voice.gettext("never"))
        return Markup(f'<span class="faint">{never}</span>')  # noqa: S704 - escaped
    exact, ago = escape(voice.moment(moment)), escape(voice.ago(moment))
    return Markup(f'<time datetime="{_iso(moment)}" title="{exact}">{ago}</time>')  # noqa: S704 - escaped


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1e6, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
