"""From a setting to a store."""

import re
from pathlib import Path

import pytest

from entrepot.model.errors import StorageFailed
from entrepot.storage.contract import Key
from entrepot.storage.filesystem import FileStorage
from entrepot.storage.memory import MemoryStorage
from entrepot.storage.objectstore import ObjectStorage
from entrepot.storage.objecturl import PART, ObjectUrl
from entrepot.storage.open import open_storage

KEY = Key("ab/abc")
SECRET = "verysecretverysecret"


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("", "{tmp}/data/objects/ab/abc"),
        ("{tmp}/elsewhere", "{tmp}/elsewhere/ab/abc"),
        ("file://{tmp}/else%20where", "{tmp}/else where/ab/abc"),
        ("file://localhost{tmp}/elsewhere", "{tmp}/elsewhere/ab/abc"),
    ],
)
def test_folders(tmp_path: Path, url: str, where: str) -> None:
    storage = open_storage(url.format(tmp=tmp_path), tmp_path / "data")
    assert isinstance(storage, FileStorage)
    path = storage.path(KEY)
    assert str(path) == where.format(tmp=tmp_path)
    assert path.parent.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("url", ["memory:", "memory://"])
def test_memory(tmp_path: Path, url: str) -> None:
    assert isinstance(open_storage(url, tmp_path), MemoryStorage)


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/prefix?region=eu-west-1",
        "s3://bucket?part_size=67108864&conditional_put=disabled",
        "gs://bucket/prefix?skip_signature=true",
        "az://container/prefix?account_name=somebody&account_key=c2VjcmV0",
    ],
)
def test_object_stores(tmp_path: Path, url: str) -> None:
    assert isinstance(open_storage(url, tmp_path), ObjectStorage)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("s4://bucket", "s3://bucket/prefix"),
        ("http://localhost/x", "s3://bucket/prefix"),
        ("file://host/path", "three slashes"),
        ("file:relative", "three slashes"),
        ("file:///path?mode=1", "%3F"),
        ("s3:bucket", "s3://bucket/prefix"),
        ("s3:///prefix", "s3://bucket/prefix"),
        (f"s3://key:{SECRET}@bucket/prefix", "options after a question mark"),
        (f"s3://bucket?secret={SECRET}", "has no option 'secret'"),
        (f"s3://bucket?secret_access_key={SECRET}", "go together"),
        ("s3://bucket?allow_http=true", "has no option 'allow_http'"),
        ("s3://bucket?part_size=1000", "5242880"),
        ("s3://bucket?part_size=8MiB", "5242880"),
        ("s3://buc ket", "cannot be used"),
        (f"az://container?account_key={SECRET}", "account_name"),
        (f"az://container?account_name=a&account_key={SECRET}!", "base64"),
        (f"gs://bucket?service_account_key={SECRET}", "credentials"),
    ],
)
def test_what_cannot_be_meant_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, sentence: str
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AZURE_STORAGE_ACCOUNT_NAME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match=re.escape(sentence)) as refusal:
        open_storage(url, tmp_path)
    assert SECRET not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="cannot be made"):
        open_storage(str(tmp_path / "file" / "objects"), tmp_path)


@pytest.mark.parametrize(
    ("url", "environment", "plain"),
    [
        ("s3://bucket", {}, False),
        ("s3://bucket?endpoint=https://s3.example.com", {}, False),
        ("s3://bucket?endpoint=http://s3.example.com", {}, True),
        ("s3://bucket?endpoint=HTTP://s3.example.com", {}, True),
        ("s3://bucket?endpoint=https://s3.example.com", {"AWS_ENDPOINT_URL": "http://s3.example.com"}, False),
        ("s3://bucket", {"AWS_ENDPOINT_URL": "http://s3.example.com"}, True),
        ("s3://bucket", {"AWS_ENDPOINT_URL": ""}, False),
        ("gs://bucket", {"AWS_ENDPOINT_URL": "http://s3.example.com"}, False),
        ("gs://bucket?base_url=http://storage.example.com", {}, True),
        ("az://container", {"AZURE_STORAGE_ENDPOINT": "http://blob.example.com"}, True),
    ],
)
def test_plain_http_only_where_the_endpoint_says_so(url: str, environment: dict[str, str], plain: bool) -> None:
    assert ObjectUrl.parse(url, environment).plain is plain


def test_an_object_url_shows_no_option() -> None:
    url = ObjectUrl.parse(f"s3://bucket/a/b/?secret_access_key={SECRET}&part_size=5242880", {})
    assert SECRET not in repr(url)
    assert url.location == "s3://bucket/a/b"
    assert url.part_size == 5242880
    assert ObjectUrl.parse("s3://bucket", {}).part_size == PART
