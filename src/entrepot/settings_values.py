"""How the values of settings are written, and what each kind of text means."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import urlsplit, urlunsplit

T = TypeVar("T")
MASK = "********"


class SettingsInvalid(ValueError):
    """A setting is unknown, malformed, or does not go with another one. The message is a sentence for a person."""


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of value: what it is called, how it is read and how it is shown."""

    name: str
    parse: Callable[[str, Path], T]
    """The value of a text; relative paths start at the folder given. Raises SettingsInvalid."""
    show: Callable[[T], str]
    """A text that means the value, with any secret inside it masked."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. An empty host means every address of the machine; port 0 takes any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+").fullmatch
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)").findall
_LONGEST = timedelta(days=36500)


def parse_duration(text: str, _folder: Path = Path()) -> timedelta:
    """The duration written as `24h`, `30s`, `0.2s`, `7d` or `1h30m`. Raises SettingsInvalid."""
    if not _DURATION(text):
        raise SettingsInvalid(
            f"{text!r} is not a duration: write a number and a unit, as in 200ms, 30s, 15m, 24h or 7d"
        )
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART(text))
    if seconds > _LONGEST.total_seconds():
        raise SettingsInvalid(f"{text!r} is too long: a duration is at most 100 years")
    return timedelta(seconds=seconds)


def show_duration(value: timedelta) -> str:
    """The duration in the largest unit that holds a whole number of it; days from two days on."""
    milliseconds = round(value / timedelta(milliseconds=1))
    if not milliseconds:
        return "0s"
    for unit, size, least in (("d", 86400000, 2), ("h", 3600000, 1), ("m", 60000, 1), ("s", 1000, 1)):
        if not milliseconds % size and milliseconds >= least * size:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


_SIZES = {
    "": 1, "b": 1,
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([A-Za-z]*)").fullmatch


def parse_size(text: str, _folder: Path = Path()) -> int | None:
    """How many bytes `4MiB`, `10GB` or `512` are; None for an empty text. Raises SettingsInvalid."""
    if not text:
        return None
    match = _SIZE(text)
    unit = _SIZES.get(match[2].lower()) if match else None
    if not match or not unit:
        raise SettingsInvalid(f"{text!r} is not a size: write a number and a unit, as in 512KiB, 4MiB or 10GB")
    size = int(float(match[1]) * unit)
    if not size:
        raise SettingsInvalid("a size is at least one byte; leave it empty for no limit")
    return size


def show_size(value: int | None) -> str:
    """The size in the largest binary unit that holds a whole number of it; empty for None."""
    if value is None:
        return ""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if not value % _SIZES[unit.lower()]:
            return f"{value // _SIZES[unit.lower()]}{unit}"
    return str(value)


def parse_address(text: str, _folder: Path = Path()) -> Address:
    """The address written as `127.0.0.1:5000`, `[::1]:5000`, `localhost:5000` or `:5000`. Raises SettingsInvalid."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535 or (":" in host and not bracketed):
        raise SettingsInvalid(
            f"{text!r} is not an address to listen on: write HOST:PORT, as in 127.0.0.1:5000, [::1]:5000 or :5000"
        )
    return Address("" if host == "*" else host.strip("[]"), int(port))


def _parse_bool(text: str, _folder: Path) -> bool:
    known = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.lower() not in known:
        raise SettingsInvalid(f"{text!r} is neither true nor false")
    return known[text.lower()]


def _parse_path(text: str, folder: Path) -> Path | None:
    return folder / Path(text).expanduser() if text else None


def _parse_folder(text: str, folder: Path) -> Path:
    if not text:
        raise SettingsInvalid("the name of a folder is needed")
    return folder / Path(text).expanduser()


def _parse_database(text: str, folder: Path) -> str:
    if text.startswith("sqlite:///"):
        return f"sqlite:///{_parse_folder(text.removeprefix('sqlite:///'), folder)}"
    if text and not text.startswith(("postgresql://", "postgres://")):
        raise SettingsInvalid(
            "a database is written as postgresql://USER:PASSWORD@HOST/NAME, or left empty for SQLite in the data folder"
        )
    return text


_STORES = ("file://", "memory:", "s3://", "gs://", "az://")


def _parse_storage(text: str, folder: Path) -> str:
    if not text or text.startswith(_STORES):
        return text
    if re.match(r"[a-z][a-z0-9+.-]*://", text):
        raise SettingsInvalid(
            f"objects cannot be kept in {text.partition(':')[0]}: give a folder, or {', '.join(_STORES)}…"
        )
    return str(_parse_folder(text, folder))


def _parse_web_address(text: str, _folder: Path) -> str:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if text and not whole:
        raise SettingsInvalid(f"{text!r} is not an address of the web: write it as https://registry.example.com")
    return text.rstrip("/")


def _parse_origin(text: str, folder: Path) -> str:
    parts = urlsplit(_parse_web_address(text, folder))
    if parts.path or parts.query or parts.fragment or parts.username:
        raise SettingsInvalid("clients look for /v2/ at the root, so write only https://HOST or https://HOST:PORT")
    return urlunsplit(parts)


_SECRET_PARAMETER = re.compile(r"([?&][^=&]*(?:key|secret|token|password)[^=&]*=)[^&]*", re.IGNORECASE)


def mask_url(text: str) -> str:
    """The URL with the password in it, and parameters that look like secrets, hidden."""
    scheme, slashes, rest = text.partition("://")
    credentials, at, where = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    masked = f"{scheme}{slashes}{user}{colon}{MASK if colon else ''}{at}{where}"
    return _SECRET_PARAMETER.sub(rf"\g<1>{MASK}", masked)


def _parse_count(text: str, _folder: Path) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 1_000_000:
        raise SettingsInvalid(f"{text!r} is not a whole number above zero")
    return int(text)


def _parse_workers(text: str, folder: Path) -> int:
    return _parse_count(text, folder) if text else min(4, len(os.sched_getaffinity(0)))


def _parse_count_or_none(text: str, folder: Path) -> int:
    return 0 if text == "0" else _parse_count(text, folder)


def choice(*words: str) -> Kind[str]:
    """The kind of a value that is one of these words."""

    def parse(text: str, _folder: Path) -> str:
        if text not in words:
            raise SettingsInvalid(f"{text!r} is not one of {', '.join(words)}")
        return text

    return Kind(" or ".join(words), parse, str)


TEXT = Kind[str]("text", lambda text, _folder: text, str)
BOOL = Kind[bool]("true or false", _parse_bool, lambda value: "true" if value else "false")
COUNT_OR_NONE = Kind[int]("number", _parse_count_or_none, str)
WORKERS = Kind[int]("number", _parse_workers, str)
FOLDER = Kind[Path]("folder", _parse_folder, str)
FILE = Kind[Path | None]("file", _parse_path, lambda value: str(value or ""))
ADDRESS = Kind[Address]("HOST:PORT", parse_address, str)
DURATION = Kind[timedelta]("duration", parse_duration, show_duration)
SIZE = Kind[int | None]("size", parse_size, show_size)
DATABASE = Kind[str]("URL", _parse_database, mask_url)
STORAGE = Kind[str]("folder or URL", _parse_storage, mask_url)
WEB_ADDRESS = Kind[str]("URL", _parse_web_address, mask_url)
ORIGIN = Kind[str]("URL", _parse_origin, str)
