"""What Harbor calls a project's metadata: settings by name, each a text."""

from collections.abc import Callable

from entrepot.model.errors import Invalid

PUBLIC = "public"
RETENTION = "retention_id"
LONGEST_VALUE = 8192
_LARGEST = 2**31 - 1
_SEVERITIES = ("none", "low", "medium", "high", "critical")


def parse(name: str, value: str) -> str:
    """The value as it is kept. Raises Invalid for a name that is none, and for a value that cannot be."""
    parser = _PARSERS.get(name)
    if parser is None:
        raise Invalid(f"a project has no setting {name[:64]!r}; there are {', '.join(sorted(_PARSERS))}")
    return parser(name, value)


def _truth(name: str, value: str) -> str:
    if value.lower() in ("true", "1", "t"):
        return "true"
    if value.lower() in ("false", "0", "f"):
        return "false"
    raise Invalid(f"{name} is true or false")


def _severity(name: str, value: str) -> str:
    if value.lower() not in _SEVERITIES:
        raise Invalid(f"{name} is one of {', '.join(_SEVERITIES)}")
    return value.lower()


def _number(name: str, value: str) -> str:
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or not -1 <= int(value[:12]) <= _LARGEST:
        raise Invalid(f"{name} is a whole number from -1 (no limit) to {_LARGEST}")
    return str(int(value))


def _text(name: str, value: str) -> str:
    if len(value) > LONGEST_VALUE or "\0" in value:
        raise Invalid(f"{name} is a text of at most {LONGEST_VALUE} characters")
    return value


_PARSERS: dict[str, Callable[[str, str], str]] = {
    PUBLIC: _truth,
    "enable_content_trust": _truth,
    "enable_content_trust_cosign": _truth,
    "prevent_vul": _truth,
    "severity": _severity,
    "auto_scan": _truth,
    "auto_sbom_generation": _truth,
    "reuse_sys_cve_allowlist": _truth,
    RETENTION: _number,
    "proxy_speed_kb": _number,
    "max_upstream_conn": _number,
    "proxy_cache_local_on_not_found": _truth,
    "proxy_referrer_api": _truth,
    "proxy_cache_filter_pattern": _text,
    "proxy_cache_filter_kind": _text,
}
