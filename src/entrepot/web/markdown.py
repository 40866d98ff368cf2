"""READMEs: CommonMark with tables, made inert.

HTML within is shown as text; links go only where links may go, and say so to the browser; pictures of other places are
links, for no page of ours makes a browser ask anybody else.
"""

from collections.abc import Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

LONGEST = 64 * 1024
"""Characters that are rendered; what follows is left out."""
LONGEST_GIST = 2000
"""Characters in which its gist is looked for."""
_BREAKS = ("softbreak", "hardbreak")
_SCHEMES = ("http://", "https://", "mailto:", "/", "#")


def markdown(text: str) -> Markup:
    """The text as HTML that can be put into a page."""
    return Markup(_MADE.render(text[:LONGEST]))  # noqa: S704 - the renderer escapes all that it did not make itself


def gist(text: str) -> str:
    """The first words of the text that are no heading, as they are read; empty if there are none."""
    tokens = _MADE.parse(text[:LONGEST_GIST])
    for before, token in pairwise(tokens):
        if before.type == "paragraph_open" and token.children:
            words = (" " if one.type in _BREAKS else one.content for one in token.children)
            return " ".join("".join(words).split())
    return ""


class _Renderer(RendererHTML):
    """As the library's, but for what reaches outside."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """A link to the picture, named as the picture is described."""
        token = tokens[idx]
        source = str(token.attrGet("src") or "")
        label = escape(token.content or source)
        return (
            f'<a href="{escape(source)}" rel="nofollow noreferrer noopener">{label}</a>'
            if _safe(source)
            else str(label)
        )

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """A link that tells its target nothing of us."""
        token = tokens[idx]
        token.attrSet("rel", "nofollow noreferrer noopener")
        return self.renderToken(tokens, idx, options, env)


def _safe(link: str) -> bool:
    return link.lower().startswith(_SCHEMES)


def _made() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}, renderer_cls=_Renderer)
    made.enable("table")
    made.enable("strikethrough")
    made.validateLink = _safe  # type: ignore[method-assign,assignment]
    return made


_MADE = _made()
