"""The `q` and `sort` parameters of lists.

    q = pair *("," pair);  pair = key "=" value
    value = "~" text | "[" [min] "~" [max] "]" | "{" item *(" " item) "}" | "(" item *(" " item) ")" | ["\\"] text

The value of `q` is decoded once more after the query was (as Harbor does, whose clients encode it twice). Keys that
a list does not know are passed over by the list.
"""

import re
from urllib.parse import unquote_plus

from entrepot.model.errors import Invalid
from entrepot.model.query import AllOf, AnyOf, Between, Condition, Contains, Exactly, SortKey, Value

LONGEST_Q = 4096
MOST_PAIRS = 32
MOST_ITEMS = 100
MOST_SORT_KEYS = 8

_NUMBER = re.compile(r"-?[0-9]{1,18}").fullmatch
_SPLIT = re.compile(r" +")


def parse_q(text: str | None) -> dict[str, Condition]:
    """The conditions of a `q` parameter; none if there is none. Raises Invalid."""
    if not text:
        return {}
    if len(text) > LONGEST_Q:
        raise Invalid(f"q has at most {LONGEST_Q} characters")
    pairs = unquote_plus(text).split(",")
    if len(pairs) > MOST_PAIRS:
        raise Invalid(f"q has at most {MOST_PAIRS} conditions")
    found: dict[str, Condition] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        key = key.strip()
        if not key or not equals or not value:
            raise Invalid(f"write the condition {pair[:64]!r} of q as key=value, several with commas between")
        found[key] = _condition(key, value)
    return found


def parse_sort(text: str | None) -> tuple[SortKey, ...]:
    """The keys of a `sort` parameter, the first one first; `-` before one turns it round. Raises Invalid."""
    keys = [key.strip() for key in text.split(",")] if text else []
    if len(keys) > MOST_SORT_KEYS:
        raise Invalid(f"sort has at most {MOST_SORT_KEYS} keys")
    return tuple(SortKey(key.removeprefix("-"), key.startswith("-")) for key in keys if key.removeprefix("-"))


def _condition(key: str, value: str) -> Condition:
    if value[0] == "~":
        if len(value) == 1:
            raise Invalid(f"say after {key}=~ what to look for")
        return Contains(value[1:])
    if value[0] == "[":
        return _between(key, value)
    if value[0] == "{":
        return AnyOf(_items(key, value, "}"))
    if value[0] == "(":
        return AllOf(_items(key, value, ")"))
    return Exactly(_value(value[1:]) if value[0] == "\\" else _value(value))


def _between(key: str, value: str) -> Between:
    least, tilde, most = value[1:-1].partition("~")
    if value[-1] != "]" or not tilde or "~" in most or not (least.strip() or most.strip()):
        raise Invalid(f"write a range as {key}=[least~most], of which one may be left out")
    return Between(_bound(least), _bound(most))


def _bound(text: str) -> Value | None:
    return _value(text.strip()) if text.strip() else None


def _items(key: str, value: str, closing: str) -> tuple[Value, ...]:
    items = [item for item in _SPLIT.split(value[1:-1]) if item]
    if value[-1] != closing or not items:
        raise Invalid(f"write several values for {key} with spaces between, as {value[0]}a b{closing}")
    if len(items) > MOST_ITEMS:
        raise Invalid(f"at most {MOST_ITEMS} values can be given for {key}")
    return tuple(_value(item) for item in items)


def _value(text: str) -> Value:
    """A number if it is one and was not quoted, else the text without its quotes."""
    return int(text) if _NUMBER(text) else text.strip("\"'")
