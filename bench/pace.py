"""How slow this machine is now beside the one on which goals were set: what a busy machine is forgiven, no more."""

import sqlite3
import statistics
import time

AT_REST = 6.8
"""Milliseconds of CPU of one `Yardstick.lay` on that machine without other work.

Not measured then: it took 10.2 ms while the pages took 1.5 times what they had taken there (docs/performance.md).
"""
ROWS, STEPS = 100_000, 60_000


class Yardstick:
    """The same work again and again, half of it SQLite's and half of it Python's, in between what is measured."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect(":memory:")
        self._rows.execute("CREATE TABLE names (name TEXT)")
        self._rows.executemany("INSERT INTO names VALUES (?)", ((f"name-{number:06}",) for number in range(ROWS)))
        self._took: list[float] = []

    def lay(self) -> None:
        """Does the work once, and keeps how long it took."""
        began = time.process_time()
        self._rows.execute("SELECT count(*) FROM names WHERE name LIKE ?", ("%0999%",)).fetchone()
        total = 0
        for number in range(STEPS):
            total += number
        self._took.append(1000 * (time.process_time() - began))

    def slowness(self) -> float:
        """How many times as long as at rest it took since this was asked last; 1 on a machine that is faster."""
        median = statistics.median(self._took)
        self._took.clear()
        return max(1.0, median / AT_REST)

    def close(self) -> None:
        """Frees the rows."""
        self._rows.close()
