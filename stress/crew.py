"""The processes of a run: started, killed at any moment, started again."""

import dataclasses
import multiprocessing
import signal
import time
from multiprocessing.process import BaseProcess

from stress.journal import Journal
from stress.universe import chance
from stress.worker import Order, work

STOP_SECONDS = 60.0


class Crew:
    """The living workers, one for each slot."""

    def __init__(self, orders: list[Order], journal: Journal, *, seed: int, every: float) -> None:
        """Nobody is started yet. `journal` is where deaths are noted that nobody ordered."""
        # Started once with everything imported; each worker is forked from there, which takes milliseconds.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["stress.worker"])
        self._orders = orders
        self._living: list[BaseProcess] = []
        self._journal = journal
        self._dice = chance(seed, "kills")
        self._every = every
        self._next_kill = 0.0
        self.kills = 0

    def start(self) -> None:
        """Starts everybody."""
        self._living = [self._started(order) for order in self._orders]
        self._next_kill = time.monotonic() + self._pause()

    def tend(self) -> None:
        """Kills somebody if it is time to, and replaces whoever is dead."""
        now = time.monotonic()
        if self._every and now >= self._next_kill:
            self._next_kill = now + self._pause()
            slot = self._dice.randrange(len(self._living))
            if self._living[slot].is_alive():
                self._living[slot].kill()
                self._living[slot].join()
                self.kills += 1
                self._replace(slot)
        for slot, process in enumerate(self._living):
            if not process.is_alive():
                name = self._orders[slot].name
                self._journal.violation("died", f"worker {name} ended by itself with {process.exitcode}")
                self._replace(slot)

    def stop(self) -> None:
        """Returns when everybody has finished what was begun, and is gone."""
        for process in self._living:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for order, process in zip(self._orders, self._living, strict=True):
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                self._journal.violation("stuck", f"worker {order.name} did not end within {STOP_SECONDS:g} seconds")
            elif process.exitcode not in (0, -signal.SIGTERM):
                self._journal.violation("died", f"worker {order.name} ended with {process.exitcode}")
        self.kill()

    def kill(self) -> None:
        """Returns when everybody is gone."""
        for process in self._living:
            process.kill()
            process.join()
        self._living = []

    def _replace(self, slot: int) -> None:
        order = self._orders[slot]
        self._orders[slot] = dataclasses.replace(order, generation=order.generation + 1)
        self._living[slot] = self._started(self._orders[slot])

    def _started(self, order: Order) -> BaseProcess:
        process = self._context.Process(target=work, args=(order,), daemon=True)
        process.start()
        return process

    def _pause(self) -> float:
        return self._every * (0.5 + self._dice.random())
