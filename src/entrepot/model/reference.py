"""Names: of repositories, projects, tags; and what a client may write after `manifests/`.

Grammar: distribution-spec 1.1, section "Pulling manifests". A repository's first path component is its project
(Harbor's rule), so a repository name here always has at least two components.
"""

import re
from dataclasses import dataclass

from entrepot.model.digest import Digest
from entrepot.model.errors import NameInvalid, TagInvalid

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*").fullmatch
_PROJECT = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*").fullmatch
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}").fullmatch

LONGEST_REPOSITORY_NAME = 255
LONGEST_PROJECT_NAME = 255


@dataclass(frozen=True, slots=True, order=True)
class RepositoryName:
    """A whole repository name, `project/rest`, at most 255 characters."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "RepositoryName":
        """The name, checked. Raises NameInvalid."""
        if len(text) > LONGEST_REPOSITORY_NAME:
            raise NameInvalid(f"a repository name has at most {LONGEST_REPOSITORY_NAME} characters")
        if not _REPOSITORY(text):
            raise NameInvalid(
                "a repository name is made of lower-case letters and digits, with single separators (. _ __ -) "
                "inside and / between its parts, as in library/hello"
            )
        if "/" not in text:
            raise NameInvalid(f"say which project it belongs to, as in library/{text[:100]}")
        return cls(text)

    @property
    def project(self) -> str:
        """The name of the project it belongs to."""
        return self.text.partition("/")[0]

    def __str__(self) -> str:
        return self.text


def parse_project_name(text: str) -> str:
    """The project name, checked: Harbor's rule, lower-case letters and digits with single separators inside.

    Raises NameInvalid.
    """
    if len(text) > LONGEST_PROJECT_NAME or not _PROJECT(text):
        raise NameInvalid(
            f"a project name has at most {LONGEST_PROJECT_NAME} lower-case letters and digits, "
            "with single separators (. _ -) inside, as in my-team"
        )
    return text


@dataclass(frozen=True, slots=True, order=True)
class Tag:
    """A tag: up to 128 characters of letters, digits, `_`, `.` and `-`."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "Tag":
        """The tag, checked. Raises TagInvalid."""
        if not _TAG(text):
            raise TagInvalid("a tag has at most 128 letters, digits, _ . and -, and starts with a letter, a digit or _")
        return cls(text)

    def __str__(self) -> str:
        return self.text


Reference = Tag | Digest


def parse_reference(text: str) -> Reference:
    """What stands after `manifests/` in a path: a digest if it has a colon, else a tag.

    Raises DigestInvalid or TagInvalid.
    """
    return Digest.parse(text) if ":" in text else Tag.parse(text)
