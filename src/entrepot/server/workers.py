"""The parent process: keeps the workers running, and ends them together.

It has no event loop and no thread of its own, so that it may fork at any time. A worker serves from the same
listening sockets as the others; while one is being replaced, the others take the connections.
"""

import os
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from entrepot.server.background import Background, work_in_background
from entrepot.server.service import Build
from entrepot.server.worker import FAILED, STARTED, Serving, work

SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 10.0
"""A worker that ran for this long has its next crash answered at once again."""
BACKGROUND_AFTER_SECONDS = 1.0
"""How long after requests are answered the processes begin that do work beside them: the start is theirs alone."""
KILL_AFTER_SECONDS = 5.0
"""How long a worker may take beyond its stop time before it is killed."""
_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
_CRASHED = 70


class StartFailed(Exception):
    """A worker could not start; the message says why."""


@dataclass(slots=True)
class _Slot:
    """The place of one worker: who is in it, and how often its last ones crashed."""

    number: int
    background: Background | None = None
    """What its worker does, if it serves no requests."""
    process: int = 0
    """0 while nobody is in it."""
    reports: int = -1
    """The reading end of the worker's report; -1 once it said enough."""
    began: float = 0.0
    pause: float = SHORTEST_PAUSE
    next_start: float = 0.0
    ready: bool = False


class Workers:
    """Worker processes over one set of listening sockets, and others that do work beside them."""

    def __init__(
        self,
        serving: Serving,
        build: Build,
        count: int,
        *,
        background: Sequence[Background] = (),
        when_ready: Callable[[], None],
        when_lost: Callable[[int], None],
    ) -> None:
        """`when_ready` is called once, when every worker answers; `when_lost` with the number of each dead process.

        Each of `background` runs in a process of its own; requests are answered whether it can start or not.
        """
        self._serving = serving
        self._build = build
        self._slots = [_Slot(number) for number in range(count)]
        self._slots += [_Slot(count + number, each, next_start=float("inf")) for number, each in enumerate(background)]
        self._when_ready = when_ready
        self._when_lost = when_lost
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self._was_ready = False
        self._deadline = float("inf")
        self._log = structlog.get_logger("entrepot.server")

    def run(self) -> None:
        """Returns when SIGTERM, SIGINT or SIGHUP came and every worker ended; a second such signal kills them.

        Raises StartFailed if a worker of the first set cannot start; none is left then.
        """
        with _Signals(self._selector) as signals:
            self._lifeline = os.pipe()
            self._hush = os.pipe()
            try:
                for slot in self._slots:
                    if slot.background is None:
                        self._start(slot)
                self._watch(signals)
            finally:
                self._end_now()
                for end in (*self._lifeline, self._hush[0]):
                    os.close(end)
                self._lift_hush()
                self._selector.close()

    def _watch(self, signals: "_Signals") -> None:
        while not (self._stopping and not any(slot.process for slot in self._slots)):
            for key, _ in self._selector.select(self._until_next()):
                if key.data is None:
                    for number in signals.arrived():
                        self._obey(number)
                else:
                    self._hear(key.data)
            now = time.monotonic()
            if now > self._deadline:
                self._log.warning("workers did not end in time and are killed")
                self._end_now()
            for slot in self._slots:
                if not self._stopping and not slot.process and now >= slot.next_start:
                    self._start(slot)

    def _until_next(self) -> float | None:
        times = [slot.next_start for slot in self._slots if not slot.process and not self._stopping]
        times.append(self._deadline)
        nearest = min(times)
        return None if nearest == float("inf") else max(0.0, nearest - time.monotonic())

    def _obey(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self._reap()
        elif self._stopping:
            self._end_now()
        else:
            self._stop()

    def _stop(self) -> None:
        self._stopping = True
        self._deadline = time.monotonic() + self._serving.stop_seconds + KILL_AFTER_SECONDS
        for listening in self._serving.sockets:
            listening.close()
        for slot in self._slots:
            if slot.process:
                os.kill(slot.process, signal.SIGTERM)

    def _end_now(self) -> None:
        """Kills what still runs: an acknowledged push is on disk, so nothing that was promised is lost."""
        self._deadline = float("inf")
        for slot in self._slots:
            if slot.process:
                os.kill(slot.process, signal.SIGKILL)
                os.waitpid(slot.process, 0)
                slot.process = 0

    def _start(self, slot: _Slot) -> None:
        reading, writing = os.pipe()
        # A signal that comes to the child before it has handlers of its own must not run the parent's.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        process = os.fork()
        if not process:
            self._become_worker(slot, writing)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.close(writing)
        slot.process, slot.reports, slot.began, slot.ready = process, reading, time.monotonic(), False
        self._selector.register(reading, selectors.EVENT_READ, slot)

    def _become_worker(self, slot: _Slot, reports: int) -> None:
        """Never returns: what the parent had on its stack is not the worker's to unwind."""
        code = _CRASHED
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # A key pressed in the terminal reaches every process of the group; the parent passes it on as SIGTERM.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            self._selector.close()
            os.close(self._lifeline[1])
            self._lift_hush()  # Its own end of it: it is over once the parent's is closed as well.

            def report(message: bytes) -> None:
                os.write(reports, message)
                os.close(reports)

            orphaned = self._lifeline[0]
            if slot.background is not None:
                for listening in self._serving.sockets:
                    listening.close()
                code = work_in_background(slot.background, orphaned=orphaned, report=report)
            else:
                service = self._build(slot.number)
                hush = self._hush[0] if slot.number == 0 else None
                code = work(self._serving, service, hush=hush, orphaned=orphaned, report=report)
        except BaseException:  # noqa: BLE001 - the edge of a process
            self._log.exception("a worker failed", process=os.getpid())
        finally:
            os._exit(code)

    def _hear(self, slot: _Slot) -> None:
        message = os.read(slot.reports, 4096)
        self._forget_reports(slot)
        if message == STARTED:
            slot.ready = True
            serving = [each for each in self._slots if each.background is None]
            if not self._was_ready and not self._stopping and all(each.ready for each in serving):
                self._was_ready = True
                for each in self._slots:
                    if each.background is not None:
                        each.next_start = time.monotonic() + BACKGROUND_AFTER_SECONDS
                self._when_ready()
                self._lift_hush()
        elif message.startswith(FAILED):
            sentence = message[1:].decode(errors="replace")
            if not self._was_ready and slot.background is None:
                raise StartFailed(sentence)
            self._log.error("a worker could not start", reason=sentence)

    def _lift_hush(self) -> None:
        """Lets workers begin what they do by themselves: until now their logs could come before the first screen."""
        if self._hush[1] >= 0:
            os.close(self._hush[1])
            self._hush = (self._hush[0], -1)

    def _forget_reports(self, slot: _Slot) -> None:
        if slot.reports >= 0:
            self._selector.unregister(slot.reports)
            os.close(slot.reports)
            slot.reports = -1

    def _reap(self) -> None:
        for slot in self._slots:
            if not slot.process:
                continue
            process, status = os.waitpid(slot.process, os.WNOHANG)
            if process:
                self._lost(slot, os.waitstatus_to_exitcode(status))

    def _lost(self, slot: _Slot, code: int) -> None:
        process, slot.process = slot.process, 0
        if slot.reports >= 0:
            self._hear(slot)
        self._when_lost(process)
        if self._stopping:
            return
        if not self._was_ready and not slot.ready and code and slot.background is None:
            raise StartFailed("a worker ended before it could serve; what it logged says why")
        now = time.monotonic()
        if now - slot.began > STEADY_SECONDS:
            slot.pause = SHORTEST_PAUSE
        slot.next_start = now + slot.pause
        self._log.warning("a worker ended and is replaced", process=process, code=code, after_seconds=slot.pause)
        slot.pause = min(2 * slot.pause, LONGEST_PAUSE)


class _Signals:
    """Signals as something to select on, while it is entered."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector

    def __enter__(self) -> "_Signals":
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._wakeup = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
        self._selector.register(self._reading, selectors.EVENT_READ, None)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._reading)
        os.close(self._writing)

    def arrived(self) -> bytes:
        """The numbers of the signals that came since."""
        try:
            return os.read(self._reading, 256)
        except BlockingIOError:
            return b""
