"""What people may call themselves and say of themselves, by Harbor's rules."""

import re

from entrepot.model.errors import Invalid

LONGEST_TEXT = 255
LONGEST_COMMENT = 30

_FORBIDDEN = frozenset(',"~#%$')
# As much as can be said of an address without asking its server (RFC 5321 is stricter in places, and wider in others).
_EMAIL = re.compile(r"[^@\s,\"<>()\[\]\\:;]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?").fullmatch


def check_email(text: str) -> None:
    """Returns if the text is an e-mail address, or empty. Raises Invalid."""
    if text and not (len(text) <= LONGEST_TEXT and _EMAIL(text) and ".." not in text):
        raise Invalid("that is not an e-mail address, such as name@example.com")


def check_realname(text: str) -> None:
    """Returns if somebody may be called that: at most 255 characters, none of `,"~#%$`. Raises Invalid."""
    if len(text) > LONGEST_TEXT:
        raise Invalid(f"a real name has at most {LONGEST_TEXT} characters")
    if any(character in _FORBIDDEN or ord(character) < 32 for character in text):
        raise Invalid('a real name has no control characters and none of , " ~ # % $')


def check_comment(text: str) -> None:
    """Returns if the text can be a comment: at most 30 characters (Harbor's rule). Raises Invalid."""
    if len(text) > LONGEST_COMMENT:
        raise Invalid(f"a comment has at most {LONGEST_COMMENT} characters")
