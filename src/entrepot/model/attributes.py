"""What an artifact's configuration tells of it: author, platform, a chart's own description, how it was built.

All of it is written by whoever pushed the artifact, so every size is bounded, and what is not as it should be is left
out instead of refused: an artifact can be pushed and pulled whether or not it can be described.

Source: OCI image-spec 1.1, config.md; Helm's Chart.yaml, which its clients push as JSON.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

LARGEST_CONFIG = 1024 * 1024
"""Bytes; of a larger configuration nothing is told."""

LARGEST_ATTRIBUTES = 64 * 1024
"""Bytes of JSON that are kept with an artifact; what takes most room is left out first."""

_DEEPEST = 32

_CONFIG_FIELDS: dict[str, Any] = {
    "User": str,
    "ExposedPorts": dict[str, Any],
    "Env": list[str],
    "Entrypoint": list[str],
    "Cmd": list[str],
    "Volumes": dict[str, Any],
    "WorkingDir": str,
    "Labels": dict[str, str],
    "StopSignal": str,
    "ArgsEscaped": bool,
    "Healthcheck": dict[str, Any],
    "OnBuild": list[str],
    "Shell": list[str],
}
"""The last three are Docker's; the others are those of config.md."""

_HISTORY_FIELDS: dict[str, Any] = {
    "created": str,
    "created_by": str,
    "author": str,
    "comment": str,
    "empty_layer": bool,
}
_DEPENDENCY_FIELDS: dict[str, Any] = {
    "name": str,
    "version": str,
    "repository": str,
    "condition": str,
    "tags": list[str],
    "enabled": bool,
    "import-values": list[Any],
    "alias": str,
}
_AUTHOR_LABELS = ("org.opencontainers.image.authors", "maintainer")


def image_attributes(config: bytes | None) -> dict[str, Any]:
    """`created`, `architecture`, `os`, `author` and `config` of an image's configuration, and more of its platform.

    Those five are always there, None or empty if unknown. An author who is not named is looked for in the labels.
    """
    said = _object(config)
    inner = said.get("config")
    settings = _picked(inner, _CONFIG_FIELDS) if isinstance(inner, dict) else {}
    attributes: dict[str, Any] = {
        "created": _moment(said.get("created")),
        "architecture": _text(said.get("architecture")),
        "os": _text(said.get("os")),
        "author": _text(said.get("author")),
        "config": settings,
    }
    if not attributes["author"]:
        labels = settings.get("Labels", {})
        attributes["author"] = next((labels[name] for name in _AUTHOR_LABELS if labels.get(name)), "")
    return attributes | _picked(said, {"variant": str, "os.version": str, "os.features": list[str]})


def plain_attributes(config: bytes | None) -> dict[str, Any]:
    """All that a configuration of some other kind says, such as a chart's or a model's; {} if it says nothing."""
    return _object(config)


def as_text(attributes: Mapping[str, Any]) -> str:
    """The attributes as a JSON object of at most LARGEST_ATTRIBUTES bytes; what takes most room is left out first."""
    kept = dict(attributes)
    inner = kept.get("config")
    if isinstance(inner, dict):
        kept["config"] = _within(inner, LARGEST_ATTRIBUTES // 2)
    return msgspec.json.encode(_within(kept, LARGEST_ATTRIBUTES)).decode()


def build_history(config: bytes | None) -> bytes:
    """How an image was built, step by step, as a JSON list: what its configuration holds under `history`."""
    return _list(_object(config).get("history"), _HISTORY_FIELDS)


def chart_dependencies(config: bytes | None) -> bytes:
    """The charts that a chart needs, as a JSON list.

    Helm writes them into the configuration from Chart.yaml and, for charts of the first version, requirements.yaml.
    """
    return _list(_object(config).get("dependencies"), _DEPENDENCY_FIELDS)


def _object(config: bytes | None) -> dict[str, Any]:
    if config is None or len(config) > LARGEST_CONFIG:
        return {}
    try:
        said = msgspec.json.decode(config)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return _tidy(said, _DEEPEST) if isinstance(said, dict) else {}


def _tidy(said: Any, deepest: int) -> Any:
    """The value without what a database or a client would stumble over: NUL, and lists in lists without end."""
    if isinstance(said, str):
        return said.replace("\0", "\ufffd")
    if isinstance(said, dict):
        return {_tidy(name, 0): _tidy(value, deepest - 1) for name, value in said.items()} if deepest else None
    if isinstance(said, list):
        return [_tidy(value, deepest - 1) for value in said] if deepest else None
    return said


def _picked(said: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those fields that are of the kind they should be, and not empty."""
    picked = {}
    for name, kind in fields.items():
        try:
            value = msgspec.convert(said.get(name), kind)
        except msgspec.ValidationError:
            continue
        if value:
            picked[name] = value
    return picked


def _list(said: Any, fields: Mapping[str, Any]) -> bytes:
    entries = said if isinstance(said, list) else []
    return msgspec.json.encode([_picked(one, fields) for one in entries if isinstance(one, dict)])


def _within(said: Mapping[str, Any], limit: int) -> dict[str, Any]:
    sizes = {name: len(msgspec.json.encode({name: value})) for name, value in said.items()}
    total = sum(sizes.values())
    dropped = set()
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if total <= limit:
            break
        dropped.add(name)
        total -= sizes[name]
    return {name: value for name, value in said.items() if name not in dropped}


def _text(said: Any) -> str:
    return said if isinstance(said, str) else ""


def _moment(said: Any) -> str | None:
    """The time as it was written, if it is one (RFC 3339)."""
    if not isinstance(said, str):
        return None
    try:
        msgspec.convert(said, datetime)
    except msgspec.ValidationError:
        return None
    return said
