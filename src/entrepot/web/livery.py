"""Six coloured plates drawn from a digest: equal content is seen to be equal. Decoration only."""

from markupsafe import Markup

PLATES = 6
COLOURS = 8
"""Classes `l0` to `l7` of the style sheet."""
_WIDTH = 30


def livery(digest: object) -> Markup:
    """The plates as an image that reading aloud passes over."""
    hexadecimal = str(digest).rpartition(":")[2]
    width = _WIDTH // PLATES
    plates = "".join(
        f'<rect class="l{byte % COLOURS}" x="{i * width}" width="{width}" height="14"/>'
        for i, byte in enumerate(bytes.fromhex(hexadecimal[: 2 * PLATES]))
    )
    return Markup(f'<svg class="stripe" viewBox="0 0 {_WIDTH} 14" aria-hidden="true">{plates}</svg>')  # noqa: S704 - of digits alone
