"""The settings: where each value comes from, and how wrong ones are refused."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from entrepot.access.keys import LONGEST_LIFETIME_SECONDS
from entrepot.config import DECLARED, LONGEST_TOKEN, Settings, load
from entrepot.settings_values import (
    MASK,
    Address,
    SettingsInvalid,
    mask_url,
    parse_address,
    parse_duration,
    parse_size,
    show_duration,
    show_size,
)


def test_every_default_is_a_value_of_its_setting(tmp_path: Path) -> None:
    settings = load({}, environment={}, folder=tmp_path)
    for name, setting in DECLARED.items():
        assert getattr(settings, name) == setting.kind.parse(setting.default, tmp_path)
        assert settings.source(name) == "default"
        assert setting.description.endswith(".")
    assert settings.data == tmp_path / "data"


def test_later_sources_win(tmp_path: Path) -> None:
    (tmp_path / "entrepot.toml").write_text('workers = 3\nlease = "2h"\ntrash = "1h"\n')
    environment = {"ENTREPOT_LEASE": "3h", "ENTREPOT_TRASH": "2h", "PATH": "/bin"}
    settings = load({"trash": "4h"}, environment=environment, folder=tmp_path)
    assert (settings.workers, settings.source("workers")) == (3, str(tmp_path / "entrepot.toml"))
    assert (settings.lease, settings.source("lease")) == (timedelta(hours=3), "ENTREPOT_LEASE")
    assert (settings.trash, settings.source("trash")) == (timedelta(hours=4), "--trash")
    assert settings.source("listen") == "default"


def test_the_file_of_the_data_folder_comes_before_the_one_here(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "entrepot.toml").write_text("workers = 3")
    (tmp_path / "data" / "entrepot.toml").write_text("workers = 5")
    (tmp_path / "other.toml").write_text("workers = 7")
    assert load({}, environment={}, folder=tmp_path).workers == 5
    assert load({"data": "elsewhere"}, environment={}, folder=tmp_path).workers == 3
    assert load({}, environment={"ENTREPOT_DATA": "elsewhere"}, folder=tmp_path).workers == 3
    assert load({}, environment={}, folder=tmp_path, config=tmp_path / "other.toml").workers == 7
    assert load({}, environment={"ENTREPOT_CONFIG": "other.toml"}, folder=tmp_path).workers == 7


def test_relative_paths_start_where_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    config = tmp_path / "etc" / "entrepot.toml"
    config.write_text('data = "store"\ntls_cert = "cert.pem"\nstorage = "blobs"\n')
    here = tmp_path / "here"
    settings = load({"tls_key": "key.pem"}, environment={}, folder=here, config=config)
    assert settings.data == tmp_path / "etc" / "store"
    assert settings.tls_cert == tmp_path / "etc" / "cert.pem"
    assert settings.storage == str(tmp_path / "etc" / "blobs")
    assert settings.tls_key == here / "key.pem"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("worker = 3", "there is no setting 'worker'; did you mean workers?"),
        ("zzzzzzzzzz = 3", "there is no setting 'zzzzzzzzzz'; `entrepot config` lists them all"),
        ("workers = 0", "workers: '0' is not a whole number above zero"),
        ("workers = 65", "workers is at most 64"),
        ("workers = 1.5", "workers: write the value as text in quotes, a whole number, true or false"),
        ("lease = 24", "lease: '24' is not a duration: write a number and a unit"),
        ("lease = '0s'", "lease must be longer than 0s"),
        ("storage_redirect = 'perhaps'", "storage_redirect: 'perhaps' is neither true nor false"),
        ("log_level = 'loud'", "log_level: 'loud' is not one of debug, info, warning, error"),
        ("listen = '5000'", "listen: '5000' is not an address to listen on"),
        ("database = 'mysql://x'", "database: a database is written as postgresql://"),
        ("storage = 'ftp://x'", "storage: objects cannot be kept in ftp"),
        ("public_url = 'https://x/y'", "public_url: clients look for /v2/ at the root"),
        ("public_url = 'registry.example.com'", "public_url: 'registry.example.com' is not an address of the web"),
        ("token_lifetime = '2h'", "token_lifetime must be from 1m to 55m"),
        ("tls_cert = 'x.pem'", "tls_cert and tls_key go together"),
        ("tls_cert = 'x'\ntls_key = 'y'\ntls_self_signed = true", "tls_self_signed makes a certificate of its own"),
        ("workers = ", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_a_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "entrepot.toml").write_text(content)
    with pytest.raises(SettingsInvalid, match=re.escape(sentence)):
        load({}, environment={}, folder=tmp_path)


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        ("ENTREPOT_LISTN", "there is no setting for ENTREPOT_LISTN; did you mean ENTREPOT_LISTEN?"),
        ("ENTREPOT_PASSWD", "did you mean ENTREPOT_PASSWORD?"),
        ("ENTREPOT_PORT", "there is no setting for ENTREPOT_PORT"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_right_one(
    tmp_path: Path, variable: str, sentence: str
) -> None:
    with pytest.raises(SettingsInvalid, match=re.escape(sentence)):
        load({}, environment={variable: "8080"}, folder=tmp_path)


def test_what_kubernetes_adds_for_a_service_of_our_name_is_no_setting(tmp_path: Path) -> None:
    environment = {
        "ENTREPOT_SERVICE_HOST": "10.0.0.1",
        "ENTREPOT_SERVICE_PORT": "5000",
        "ENTREPOT_SERVICE_PORT_HTTP": "5000",
        "ENTREPOT_PORT": "tcp://10.0.0.1:5000",
        "ENTREPOT_PORT_5000_TCP": "tcp://10.0.0.1:5000",
        "ENTREPOT_PORT_5000_TCP_ADDR": "10.0.0.1",
        "ENTREPOT_DB_PORT": "tcp://10.0.0.2:5432",
        "ENTREPOT_DB_PORT_5432_TCP_PROTO": "tcp",
    }
    assert load({}, environment=environment, folder=tmp_path).sources == {}


def test_a_wrong_value_names_its_source(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=r"^ENTREPOT_WORKERS: "):
        load({}, environment={"ENTREPOT_WORKERS": "many"}, folder=tmp_path)
    with pytest.raises(SettingsInvalid, match=r"^--workers: "):
        load({"workers": "many"}, environment={}, folder=tmp_path)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="there is no file"):
        load({}, environment={}, folder=tmp_path, config=tmp_path / "nowhere.toml")


def test_a_file_in_the_data_folder_cannot_move_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "entrepot.toml").write_text("data = 'elsewhere'")
    with pytest.raises(SettingsInvalid, match="cannot move the data folder"):
        load({}, environment={}, folder=tmp_path)


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    settings = load(
        {
            "admin_password": "s3cret",
            "database": "postgresql://entrepot:s3cr@t@db.example.com/entrepot?sslkey=s3cret",
            "storage": "s3://key:s3cret@bucket?secret_access_key=s3cret&region=x",
        },
        environment={},
        folder=tmp_path,
    )
    assert settings.shown("admin_password") == MASK
    assert settings.shown("database") == f"postgresql://entrepot:{MASK}@db.example.com/entrepot?sslkey={MASK}"
    assert settings.shown("storage") == f"s3://key:{MASK}@bucket?secret_access_key={MASK}&region=x"
    assert "s3c" not in repr(settings)
    assert settings.admin_password == "s3cret"


def test_a_url_without_a_password_is_shown_as_it_is() -> None:
    for url in ("", "postgresql://entrepot@db/entrepot", "s3://bucket/prefix?region=x", "/srv/objects"):
        assert mask_url(url) == url


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("24h", 86400),
        ("30s", 30),
        ("0.2s", 0.2),
        ("7d", 604800),
        ("1h30m", 5400),
        ("200ms", 0.2),
        ("0s", 0),
        ("2w", 1209600),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "24", "h", "-1h", "1 h", "1y", "1e3s", "99999999999999d", "\N{SUPERSCRIPT TWO}h"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(SettingsInvalid):
        parse_duration(text)


@pytest.mark.parametrize("text", ["24h", "30s", "200ms", "7d", "15m", "0s", "90m", "2d"])
def test_durations_are_shown_as_people_write_them(text: str) -> None:
    assert show_duration(parse_duration(text)) == text


@pytest.mark.parametrize(
    ("text", "size"),
    [("4MiB", 4194304), ("10GB", 10_000_000_000), ("512", 512), ("1.5 KiB", 1536), ("1b", 1), ("", None)],
)
def test_sizes(text: str, size: int | None) -> None:
    assert parse_size(text) == size
    assert parse_size(show_size(size)) == size


@pytest.mark.parametrize("text", ["0", "MiB", "-1", "4 miles", "1.2.3MB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(SettingsInvalid):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:5000", Address("127.0.0.1", 5000)),
        ("[::1]:5000", Address("::1", 5000)),
        ("localhost:0", Address("localhost", 0)),
        (":5000", Address("", 5000)),
        ("*:5000", Address("", 5000)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize("text", ["", "5000", "::1:5000", "localhost:", "localhost:http", "x:65536", "x:-1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(SettingsInvalid):
        parse_address(text)


def test_a_token_may_live_as_long_as_its_key_allows() -> None:
    assert LONGEST_TOKEN.total_seconds() == LONGEST_LIFETIME_SECONDS


def test_where_the_database_is(tmp_path: Path) -> None:
    assert Settings(data=tmp_path).sqlite_file == tmp_path / "entrepot.db"
    assert Settings(data=tmp_path, database="sqlite:////srv/x.db").sqlite_file == Path("/srv/x.db")
    assert Settings(data=tmp_path, database="postgresql://db/x").sqlite_file is None
