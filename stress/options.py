"""What a run is asked to do, and the command that asks for it again."""

import argparse
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - where files cost no disk; a folder of our own is made inside
SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Times are in seconds."""

    database: str = "sqlite"
    storage: str = "file"
    seconds: float | None = None
    pushes: int | None = None
    seed: int = 0
    lease: float = 1.0
    grace: float = 3.0
    trash: float = 0.3
    upload_expiry: float = 3.0
    blobs: int = 40
    workers: int = 1
    tasks: int = 4
    every: float = 0.4
    folder: Path = MEMORY
    json: bool = False

    def command(self) -> str:
        """The command line that makes every worker decide the same again."""
        words = ["python", "-m", "stress"]
        default = Options()
        for field in fields(self):
            value = getattr(self, field.name)
            flag = f"--{field.name.replace('_', '-')}"
            if isinstance(value, bool):
                words += [flag] if value else []
            elif field.name in ("database", "storage", "seed") or value != getattr(default, field.name):
                words += [flag, str(value)]
        return " ".join(words)


def parse(arguments: Sequence[str]) -> Options:
    """The options on the command line. Exits with a sentence if they make no sense."""
    default = Options()
    parser = argparse.ArgumentParser(prog="python -m stress", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default=default.database)
    parser.add_argument("--storage", choices=["file", "s3"], default=default.storage)
    parser.add_argument("--seconds", type=_positive, help=f"how long, {SECONDS:g} if nothing is said")
    parser.add_argument("--pushes", type=int, help="until so many pushes were acknowledged")
    parser.add_argument(
        "--seed", type=int, help="what the workers' decisions come from; chosen and printed if not given"
    )
    parser.add_argument("--lease", type=_positive, default=default.lease)
    parser.add_argument("--grace", type=_positive, default=default.grace, help="how long a reader may take for a blob")
    parser.add_argument("--trash", type=float, default=default.trash, help="how long deleted manifests are kept")
    parser.add_argument("--upload-expiry", type=_positive, default=default.upload_expiry)
    parser.add_argument("--blobs", type=int, default=default.blobs, help="how many distinct contents there are")
    parser.add_argument("--workers", type=int, default=default.workers, help="processes of each kind of client")
    parser.add_argument("--tasks", type=int, default=default.tasks, help="how many things a process does at once")
    parser.add_argument("--every", type=float, default=default.every, help="seconds between kills; 0: none is killed")
    parser.add_argument("--folder", type=Path, help="where to keep data; memory, where the system offers it")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    given.setdefault("seed", secrets.randbelow(1_000_000))
    given.setdefault("folder", MEMORY if MEMORY.is_dir() else Path(tempfile.gettempdir()))
    if "pushes" not in given:
        given.setdefault("seconds", SECONDS)
    if given["blobs"] < 8:
        parser.error("--blobs: with fewer than 8 contents no two images differ")
    return Options(**given)


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value
