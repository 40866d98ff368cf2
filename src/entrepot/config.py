"""The settings: each declared once, read from four sources, and refused with a sentence when wrong.

Later sources win: default, then `entrepot.toml`, then `ENTREPOT_<NAME>`, then the command line.
"""

# ruff: noqa: RUF009 - `_setting` gives a dataclass field, so nothing is shared between instances

import dataclasses
import difflib
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from entrepot.settings_values import (
    ADDRESS,
    BOOL,
    COUNT_OR_NONE,
    DATABASE,
    DURATION,
    FILE,
    FOLDER,
    MASK,
    ORIGIN,
    SIZE,
    STORAGE,
    TEXT,
    WEB_ADDRESS,
    WORKERS,
    Address,
    Kind,
    SettingsInvalid,
    choice,
)

T = TypeVar("T")
FILE_NAME = "entrepot.toml"
SHORTEST_TOKEN = timedelta(minutes=1)
LONGEST_TOKEN = timedelta(minutes=55)
PREFIX = "ENTREPOT_"
OTHER_VARIABLES = {
    "ENTREPOT_CONFIG": "The file to read settings from, as `--config` names it.",
    "ENTREPOT_PASSWORD": "The password that `user create` and `user password` give, instead of asking for it.",
}
"""Variables that are understood without being settings."""

# Kubernetes describes every service to every container in this way; a service called "entrepot" would stop the start.
_OF_KUBERNETES = re.compile(
    r"ENTREPOT_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
).fullmatch
_KUBERNETES_PORT = re.compile(r"(?:tcp|udp|sctp)://").match


@dataclass(frozen=True, slots=True)
class Setting:
    """The declaration of one setting."""

    name: str
    kind: Kind[Any]
    default: str
    description: str
    secret: bool

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        """The option that sets it, where a command has one."""
        return "--" + self.name.replace("_", "-")


def _setting(kind: Kind[T], default: str, description: str, *, secret: bool = False) -> T:
    metadata = {"kind": kind, "default": default, "description": description, "secret": secret}
    declared: T = field(default_factory=lambda: kind.parse(default, Path.cwd()), metadata=metadata)
    return declared


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, and where each came from; `Settings()` holds the defaults.

    Making one raises SettingsInvalid if its values do not go together.
    """

    data: Path = _setting(FOLDER, "./data", "The folder that holds everything: database, objects, keys, certificate.")
    listen: Address = _setting(ADDRESS, "127.0.0.1:5000", "Where to listen; `:5000` means every address.")
    workers: int = _setting(WORKERS, "", "How many processes serve; as many as there are CPUs, at most 4, if empty.")
    job_workers: int = _setting(
        COUNT_OR_NONE, "1", "How many processes do jobs, such as garbage collection, beside those that serve; from 0."
    )
    database: str = _setting(
        DATABASE, "", "`postgresql://…` to share a database between nodes; SQLite in the data folder if empty."
    )
    storage: str = _setting(
        STORAGE, "", "Where blobs are: a folder, `s3://…`, `gs://…` or `az://…`; `objects` in the data folder if empty."
    )
    storage_redirect: bool = _setting(BOOL, "false", "Let clients download blobs straight from the object store.")
    public_url: str = _setting(ORIGIN, "", "The address that clients use; taken from each request if empty.")
    trusted_proxies: str = _setting(
        TEXT, "", "Addresses of proxies, with commas between, whose `X-Forwarded-For` and `-Proto` are believed."
    )
    tls_cert: Path | None = _setting(FILE, "", "The certificate and its chain, in PEM; serves HTTPS.")
    tls_key: Path | None = _setting(FILE, "", "The private key of `tls_cert`, in PEM.")
    tls_self_signed: bool = _setting(
        BOOL, "false", "Serve HTTPS with a certificate made here, kept in the data folder."
    )
    admin_password: str = _setting(
        TEXT, "", "The password that `admin` gets at the first start; one is made up if empty.", secret=True
    )
    sparse_indexes: bool = _setting(
        BOOL,
        "false",
        "Accept manifests that lack layers or children which are not here; a project may decide otherwise.",
    )
    index_layers: str = _setting(
        choice("opened", "pushed"),
        "opened",
        "When the layers of an image are read for showing its files: once somebody opens it, or as it is pushed.",
    )
    lease: timedelta = _setting(
        DURATION, "24h", "How long a pushed blob is kept without a manifest; longer than the longest push."
    )
    reader_grace: timedelta = _setting(
        DURATION, "5m", "How long bytes outlive the decision to remove them, so that downloads end well."
    )
    trash: timedelta = _setting(
        DURATION, "7d", "How long a deletion can be undone; a project may decide otherwise. `0s`: deleting is for good."
    )
    tag_history: timedelta = _setting(DURATION, "90d", "How long it is known what a tag named before.")
    upload_expiry: timedelta = _setting(DURATION, "24h", "How long an upload may pause before it is given up.")
    collect_every: timedelta = _setting(DURATION, "5s", "How often collection looks for what can go.")
    scrub_every: timedelta = _setting(
        DURATION, "30d", "How often every blob is read again to see whether it is whole; `0s`: never."
    )
    scrub_rate: int | None = _setting(
        SIZE, "8MiB", "How much is read again in a second, by all nodes together; as fast as it goes if empty."
    )
    token_lifetime: timedelta = _setting(DURATION, "5m", "How long a bearer token is good for; from 1m to 55m.")
    audit_file: Path | None = _setting(FILE, "", "A file to which events of the audit are added, a line of JSON each.")
    audit_syslog: str = _setting(
        TEXT, "", "A syslog server that every event is sent to: `udp://`, `tcp://` or `tls://` `host:port`."
    )
    stop_timeout: timedelta = _setting(DURATION, "30s", "How long running transfers may take to end when stopping.")
    log_format: str = _setting(
        choice("auto", "json", "console"),
        "auto",
        "`json` lines or readable `console` ones; `auto`: JSON unless a terminal.",
    )
    log_level: str = _setting(choice("debug", "info", "warning", "error"), "info", "The least severity that is logged.")
    log_requests: bool = _setting(BOOL, "true", "Log a line for each request.")
    tracing_endpoint: str = _setting(
        WEB_ADDRESS,
        "",
        "Where to send OpenTelemetry traces (OTLP over HTTP), as in `http://127.0.0.1:4318`; off if empty.",
    )
    max_blob_size: int | None = _setting(SIZE, "", "The largest blob that is accepted; no limit if empty.")
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False, compare=False)
    """Where each value that is no default came from, by name."""

    def __post_init__(self) -> None:
        if bool(self.tls_cert) != bool(self.tls_key):
            raise SettingsInvalid("tls_cert and tls_key go together: give both, or neither")
        if self.tls_cert and self.tls_self_signed:
            raise SettingsInvalid("tls_self_signed makes a certificate of its own: leave out tls_cert and tls_key")
        if not SHORTEST_TOKEN <= self.token_lifetime <= LONGEST_TOKEN:
            raise SettingsInvalid("token_lifetime must be from 1m to 55m")
        if self.workers > 64:
            raise SettingsInvalid("workers is at most 64: a process for each CPU is enough")
        if self.job_workers > 64:
            raise SettingsInvalid("job_workers is at most 64: each does several jobs at a time")
        for name in ("lease", "upload_expiry", "collect_every", "stop_timeout"):
            if not getattr(self, name):
                raise SettingsInvalid(f"{name} must be longer than 0s")

    @property
    def sqlite_file(self) -> Path | None:
        """The file of the SQLite database; None if the database is elsewhere."""
        if not self.database:
            return self.data / "entrepot.db"
        return Path(self.database.removeprefix("sqlite:///")) if self.database.startswith("sqlite:///") else None

    def make_data_folder(self) -> None:
        """Makes the data folder if need be, for its owner only. Raises SettingsInvalid if nothing can be kept there."""
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.data):
                pass
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise SettingsInvalid(
                f"nothing can be kept in the data folder {self.data}: {reason}; choose another with --data DIR"
            ) from error

    def source(self, name: str) -> str:
        """Where the value of that setting came from: `default`, a file, a variable or an option."""
        return self.sources.get(name, "default")

    def shown(self, name: str) -> str:
        """The value of that setting as text, with what is secret in it masked."""
        value = getattr(self, name)
        setting = DECLARED[name]
        if setting.secret:
            return MASK if value else ""
        return setting.kind.show(value)

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={self.shown(name)!r}' for name in DECLARED)})"


DECLARED: Mapping[str, Setting] = MappingProxyType(
    {
        declared.name: Setting(declared.name, **declared.metadata)
        for declared in dataclasses.fields(Settings)
        if declared.metadata
    }
)
"""Every setting by name, in the order in which they are documented."""


def load(
    command_line: Mapping[str, str], *, environment: Mapping[str, str], folder: Path, config: Path | None = None
) -> Settings:
    """The settings that the four sources give together.

    `command_line` holds texts by setting name, `folder` is where relative paths outside the file start. Raises
    SettingsInvalid, naming the source and, for an unknown name, the nearest right one.
    """
    found: dict[str, tuple[str, str, Path]] = {}
    variables = _of_environment(environment)
    if config is None and environment.get("ENTREPOT_CONFIG"):
        config = folder / environment["ENTREPOT_CONFIG"]
    data = command_line.get("data") or environment.get("ENTREPOT_DATA") or DECLARED["data"].default
    file = _find_file(config, data=folder / Path(data).expanduser(), folder=folder)
    if file is not None:
        for name, text in _of_file(file).items():
            found[name] = (text, str(file), file.parent)
        if "data" in found and file.parent == folder / data and file.parent != folder:
            raise SettingsInvalid(f"{file} is in the data folder, so it cannot move the data folder: leave out data")
    for name, text in variables.items():
        found[name] = (text, DECLARED[name].variable, folder)
    for name, text in command_line.items():
        found[name] = (text, DECLARED[name].flag, folder)
    values: dict[str, Any] = {"data": folder / DECLARED["data"].default}
    for name, (text, source, base) in found.items():
        try:
            values[name] = DECLARED[name].kind.parse(text, base)
        except SettingsInvalid as error:
            named = source if source in (DECLARED[name].variable, DECLARED[name].flag) else f"{source}: {name}"
            raise SettingsInvalid(f"{named}: {error}") from None
    return Settings(**values, sources=MappingProxyType({name: source for name, (_, source, _) in found.items()}))


def _find_file(config: Path | None, *, data: Path, folder: Path) -> Path | None:
    if config is not None:
        if not config.is_file():
            raise SettingsInvalid(f"there is no file {config}")
        return config.absolute()
    return next((path for path in (data / FILE_NAME, folder / FILE_NAME) if path.is_file()), None)


def _of_file(file: Path) -> dict[str, str]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{file} is not TOML: {error}") from None
    except OSError as error:
        raise SettingsInvalid(f"{file} cannot be read: {error.strerror}") from None
    texts = {}
    for name, value in content.items():
        if name not in DECLARED:
            raise SettingsInvalid(f"{file}: there is no setting {name!r}{_nearest(name, list(DECLARED))}")
        if isinstance(value, bool):
            texts[name] = "true" if value else "false"
        elif isinstance(value, str | int):
            texts[name] = str(value)
        else:
            raise SettingsInvalid(f"{file}: {name}: write the value as text in quotes, a whole number, true or false")
    return texts


def _of_environment(environment: Mapping[str, str]) -> dict[str, str]:
    known = {setting.variable: name for name, setting in DECLARED.items()}
    texts = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or variable in OTHER_VARIABLES or _OF_KUBERNETES(variable):
            continue
        if variable in known:
            texts[known[variable]] = text
        elif not (variable.endswith("_PORT") and _KUBERNETES_PORT(text)):
            raise SettingsInvalid(f"there is no setting for {variable}{_nearest(variable, [*known, *OTHER_VARIABLES])}")
    return texts


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else "; `entrepot config` lists them all"
