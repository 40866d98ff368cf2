"""From what the settings say to a store."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from entrepot.storage.contract import Storage
from entrepot.storage.filesystem import FileStorage
from entrepot.storage.memory import MemoryStorage


def open_storage(url: str, data: Path) -> Storage:
    """The store that `url` names; the folder `objects` in `data` if it is empty.

    Known are a path, `file:///path`, `memory:`, `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`.
    To be called once per process, after any fork. Raises ValueError, and StorageFailed if a folder cannot be made.
    """
    if not url:
        return FileStorage(data / "objects")
    parts = urlsplit(url)
    match parts.scheme:
        case "":
            return FileStorage(Path(url))
        case "file":
            return FileStorage(_folder(url))
        case "memory":
            return MemoryStorage()
        case "s3" | "gs" | "az":
            # Here, so that registries in folders start without the library for it, which takes longer than all else.
            from entrepot.storage.objectstore import ObjectStorage

            return ObjectStorage.from_url(url)
    raise ValueError(
        f"objects cannot be kept in {parts.scheme}:; give a folder, file:///folder, memory:, s3://bucket/prefix, "
        "gs://bucket/prefix or az://container/prefix"
    )


def provider_of(url: str) -> str:
    """What kind of store `open_storage` makes of the URL, in one word."""
    return {"memory": "inmemory", "s3": "s3", "gs": "gcs", "az": "azure"}.get(urlsplit(url).scheme, "filesystem")


def _folder(url: str) -> Path:
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/") or parts.query or parts.fragment:
        raise ValueError("a folder is named as file:///srv/objects: three slashes, no host; write ? as %3F, # as %23")
    return Path(unquote(parts.path))
