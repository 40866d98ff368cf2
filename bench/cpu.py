"""The CPU time and the memory of a process with all that descend from it, as /proc tells them (proc(5))."""

import contextlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.errors import ServerFailed

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
LISTEN = "0A"
"""The state of a listening socket in /proc/net/tcp."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Resident bytes of a process tree.

    total:   summed over the processes, so pages they share count once for each
    largest: of the largest process that takes connections; one that only works beside them is in the total
    """

    total: int
    largest: int


def cpu_seconds(root: int) -> float:
    """Seconds of CPU, user and system, that the tree under the process `root` has used so far.

    Children that ended count through the parent that waited for them. Raises ServerFailed when `root` is gone.
    The resolution is one clock tick for each process, usually 10 ms.
    """
    ticks = 0
    for pid in _tree(root):
        fields = _stat(pid)
        if fields is not None:
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICKS_PER_SECOND


def children(parent: int) -> list[int]:
    """The processes that it started and that run. Raises ServerFailed when it is gone."""
    return [pid for pid in _tree(parent) if (fields := _stat(pid)) is not None and int(fields[1]) == parent]


def memory(root: int) -> Memory:
    """Resident memory of the tree under the process `root`, now. Raises ServerFailed when `root` is gone."""
    return _memory(root, listening(root))


def listening(root: int) -> frozenset[int]:
    """Those of the tree that have a listening TCP socket, and those of which it cannot be told.

    Raises ServerFailed when `root` is gone.
    """
    rows = [line.split() for name in ("tcp", "tcp6") for line in (PROC / "net" / name).read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[3] == LISTEN}
    return frozenset(pid for pid in _tree(root) if _holds(pid, sockets))


class PeakMemory:
    """Watches a tree's memory from a thread while the block runs; `peak` is the most seen, total and largest apart."""

    def __init__(self, root: int, every: float = 0.02) -> None:
        self._listening = listening(root)
        self.peak = _memory(root, self._listening)
        self._root = root
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            try:
                now = _memory(self._root, self._listening)
            except ServerFailed:
                return  # the measurement itself notices that the server ended, and says so
            self.peak = Memory(total=max(self.peak.total, now.total), largest=max(self.peak.largest, now.largest))


def _memory(root: int, serving: frozenset[int]) -> Memory:
    sizes = {pid: _resident(pid) for pid in _tree(root)}
    return Memory(total=sum(sizes.values()), largest=max((sizes[pid] for pid in sizes if pid in serving), default=0))


def _holds(pid: int, files: set[str]) -> bool:
    folder = PROC / str(pid) / "fd"
    try:
        for file in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # It was closed meanwhile.
                if str(file.readlink()) in files:
                    return True
    except PermissionError:
        return True
    except (FileNotFoundError, ProcessLookupError):
        pass
    return False


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            pid = int(entry.name)
            fields = _stat(pid)
            if fields is not None:
                children.setdefault(int(fields[1]), []).append(pid)
    state = _stat(root)
    if state is None or state[0] == "Z":
        raise ServerFailed(f"process {root} has ended")
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat that follow the name: state first, then the parent; None when it is gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2 :].split()


def _resident(pid: int) -> int:
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE
    except (FileNotFoundError, ProcessLookupError):
        return 0
