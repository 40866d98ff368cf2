"""What a token request asks for: the `scope` parameters, as distribution's token specification writes them."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from entrepot.model.errors import Invalid, NameInvalid
from entrepot.model.project import Action
from entrepot.model.reference import RepositoryName

LONGEST_QUERY = 8 * 1024
MOST_PARAMETERS = 200
MOST_SCOPES = 100

_ALL = frozenset(Action)
_BY_NAME = {"*": _ALL, **{action.value: frozenset({action}) for action in Action}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for, as far as it is understood; the rest is left out, as the specification has it."""

    anything: bool
    """Whether there was any scope at all."""
    repositories: dict[RepositoryName, frozenset[Action]]
    catalog: bool


def parse_query(query: bytes) -> Wanted:
    """What the query asks for. Raises Invalid if it is malformed or asks for too much at once."""
    if len(query) > LONGEST_QUERY:
        raise Invalid(f"the query is longer than {LONGEST_QUERY} bytes")
    try:
        parameters = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="strict"
        )
    except ValueError as error:
        raise Invalid("the query is malformed: name=value pairs, joined by &, percent-encoded UTF-8") from error
    scopes = [scope for name, value in parameters if name == "scope" for scope in value.split()]
    if len(scopes) > MOST_SCOPES:
        raise Invalid(f"a token is made for at most {MOST_SCOPES} scopes; ask for another one for the rest")
    repositories: dict[RepositoryName, frozenset[Action]] = {}
    catalog = False
    for scope in scopes:
        kind, _, rest = scope.partition(":")
        name, _, listed = rest.rpartition(":")
        actions = listed.split(",")
        if kind == "repository":
            _add(repositories, name, actions)
        elif kind == "registry" and name == "catalog":
            catalog = catalog or "*" in actions
    return Wanted(anything=bool(scopes), repositories=repositories, catalog=catalog)


def _add(repositories: dict[RepositoryName, frozenset[Action]], name: str, actions: list[str]) -> None:
    try:
        parsed = RepositoryName.parse(name)
    except NameInvalid:
        return
    known = frozenset[Action]().union(*(_BY_NAME.get(action, frozenset()) for action in actions))
    if known:
        repositories[parsed] = repositories.get(parsed, frozenset()) | known
