"""Texts that somebody else wrote, made fit to stand in a page: what would turn, hide or flood it is shown as it is."""

import json
import re
from collections.abc import Mapping

from markupsafe import Markup, escape

LONGEST = 2000
"""Characters of one value that are shown."""
_TURNING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


def inert(text: object, longest: int = LONGEST) -> str:
    """The text with marks that control direction, or show nothing, as `\\u202e`; shortened if it is long."""
    shown = str(text)
    shortened = len(shown) > longest
    shown = _TURNING.sub(lambda mark: f"\\u{ord(mark[0]):04x}", shown[:longest])
    return f"{shown}…" if shortened else shown


def pretty(body: bytes, longest: int) -> tuple[str, bool]:
    """JSON in lines that can be read, and whether it was shortened; what is no JSON as it is."""
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body.decode(errors="replace")
    return inert(text, longest), len(text) > longest


def linked(text: str, links: Mapping[str, str]) -> Markup:
    """The text with digests as links, those for which there is an address."""

    def link(match: re.Match[str]) -> str:
        address = links.get(match[0])
        return str(Markup('<a href="{}">{}</a>').format(address, match[0])) if address else match[0]

    # No digest holds anything that escaping changes.
    return Markup(_DIGEST.sub(link, str(escape(text))))  # noqa: S704 - escaped, then only links of ours put in
