"""The names people may have."""

import unicodedata

from entrepot.access.local import ITSELF, SHELL
from entrepot.model.errors import NameInvalid
from entrepot.model.grant import ANONYMOUS

LONGEST_USER_NAME = 255
LONGEST_ACCOUNT_NAME = 600
"""A robot's: prefix, project, plus sign and name."""

_FORBIDDEN = frozenset(',"~#%$:')
# These stand in the record of events for somebody who is no user.
_RESERVED = frozenset({ANONYMOUS.name, SHELL.name, ITSELF.name})


def parse_user_name(text: str) -> str:
    """The user name, checked: 1 to 255 characters, none of them one of `,"~#%$:`, white space or a control.

    That is Harbor's rule and one more, the colon, at which Basic credentials are split. Raises NameInvalid.
    """
    if not 1 <= len(text) <= LONGEST_USER_NAME:
        raise NameInvalid(f"a user name has 1 to {LONGEST_USER_NAME} characters")
    if any(character in _FORBIDDEN or _unseen(character) for character in text):
        raise NameInvalid('a user name has no spaces, no control characters and none of , " ~ # % $ :')
    if text in _RESERVED:
        raise NameInvalid(f"the name {text} is taken by the registry itself; choose another")
    return text


def parse_account_name(text: str) -> str:
    """A name that somebody may sign in with: a user's name or e-mail address, or a robot's whole name, checked roughly.

    Robots' names hold characters that users' may not, so that nobody can be taken for one. Raises NameInvalid.
    """
    if not 1 <= len(text) <= LONGEST_ACCOUNT_NAME or any(_unseen(character) for character in text):
        raise NameInvalid("nobody has that name")
    return text


def _unseen(character: str) -> bool:
    """Whether it is white space, a control or format character, or half of a surrogate pair."""
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf", "Cs")
