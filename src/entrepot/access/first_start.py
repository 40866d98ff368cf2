"""What a new installation starts with: its administrator, the public project `library`, a key to sign tokens."""

import asyncio
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from entrepot.access.keys import ensure_key, make_key
from entrepot.access.local import ITSELF
from entrepot.access.passwords import Cost, Passwords, check_password, generate_password
from entrepot.db import events, instance, projects, users
from entrepot.db.contract import Database, Transaction
from entrepot.model.event import Event, EventName
from entrepot.model.project import Project

ADMIN = "admin"
LIBRARY = "library"
PASSWORD_FILE = "admin-password"  # noqa: S105 - the name of the file


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStart:
    """How the first start went."""

    first: bool
    """Whether it was this one."""
    password: str | None = field(default=None, repr=False)
    """The administrator's, if it was generated now."""
    password_file: Path | None = None
    """Where it was written, for this machine's user alone to read."""


async def first_start(db: Database, password: str | None, data: Path, cost: Cost | None = None) -> FirstStart:
    """Whether this was the first start of the installation, which is complete when this returns.

    The administrator gets `password`, or a random one that is written to the folder `data` before anything is
    committed: if the process dies in between, the next start takes the password from that file. Any number of
    processes may call this at once, and one of them is first. Raises Invalid if the password given may not be chosen,
    OSError if the file cannot be written, DatabaseFailed.
    """
    if await db.read(lambda tx: instance.get(tx, instance.STARTED)) is not None:
        return FirstStart(first=False)
    path = data / PASSWORD_FILE
    if password is None:
        chosen = await asyncio.to_thread(_keep_password, path, generate_password())
    else:
        chosen = password
    check_password(chosen)
    passwords = Passwords(cost)
    try:
        password_hash = await passwords.hash(chosen)
        identifier, pem = make_key()
        first = await db.write(lambda tx: _begin(tx, password_hash, identifier, pem))
        if not first:
            # Another process was first. If it shares this folder the file is its own, else the file is now wrong.
            stored = await db.read(lambda tx: users.find_with_password(tx, ADMIN))
            if password is None and not (stored and await passwords.verify(stored[1], chosen)):
                path.unlink(missing_ok=True)
            return FirstStart(first=False)
    finally:
        await passwords.close()
    if password is not None:
        path.unlink(missing_ok=True)  # Left by a start that died before it was done.
        return FirstStart(first=True)
    return FirstStart(first=True, password=chosen, password_file=path)


def _begin(tx: Transaction, password_hash: str, identifier: str, pem: str) -> bool:
    """Whether nobody had begun before; then everything is there."""
    if not instance.put_first(tx, instance.STARTED, str(tx.now)):
        return False
    admin = users.insert(tx, ADMIN, password_hash, admin=True)
    if admin is not None:
        detail: dict[str, str | int | bool | None] = {"user": ADMIN, "admin": True}
        events.record(tx, Event(name=EventName.USER_CREATED, by=ITSELF, resource=ADMIN, detail=detail))
    library: Project | None = projects.insert(
        tx, LIBRARY, public=True, sparse_indexes=None, owner_id=admin.id if admin else 0, owner_name=ADMIN
    )
    if library is not None:
        created = Event(
            name=EventName.PROJECT_CREATED,
            by=ITSELF,
            resource=LIBRARY,
            project_id=library.id,
            detail={"project": LIBRARY, "public": True},
        )
        events.record(tx, created)
    ensure_key(tx, identifier, pem)
    return True


def _keep_password(path: Path, fresh: str) -> str:
    """The password in the file, which is `fresh` unless the file was there already. It is complete and durable.

    Another process sees the whole file or none: it is written under another name and then given its own, which fails
    if somebody else was quicker.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(fresh + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return path.read_text().strip()
    finally:
        temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return fresh
