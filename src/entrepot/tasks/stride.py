"""How fast collection goes: in steps so small that pushes hardly notice, and often enough to be done in time."""

import math

LARGEST = 32
"""Rows of a step: few enough that its transaction lasts some milliseconds, since on SQLite pushes wait for it."""
STEPS = 20
"""In a second, unless the largest would not do. Each is felt by a push or two: with 100 the p99 of pushes was a fifth
longer, with 20 as long as without collection, and with 7 a tenth longer, since each took longer then."""
SLOWEST = 100
"""Rows in a second, however few are due: whoever deletes something sees its room come back soon."""
IN_TIME = 540.0
"""Seconds within which what is due is to be done: with the readers' grace, bytes are back in a quarter of an hour."""
LOOK_EVERY = 10.0
"""Seconds after which it is counted again what is due."""
RESTLESS = 3200.0
"""Rows in a second: who has to go faster does not rest between two steps."""
MOST = 100_000
"""How many rows are counted; of more it is only known that they are more."""


class Stride:
    """The pace from when something is due until nothing is any more; it never falls meanwhile."""

    def __init__(self) -> None:
        self._rate = float(SLOWEST)
        self._took = 0.0
        self._looked: float | None = None

    @property
    def rows(self) -> int:
        """Of each kind, to be done in one step: more where steps take long, as they do while nobody else writes."""
        return min(LARGEST, math.ceil(self._rate * max(1 / STEPS, self._took)))

    def to_look(self, now: float) -> bool:
        """Whether it is time to count again, by a clock of seconds."""
        return self._looked is None or now - self._looked >= LOOK_EVERY

    def see(self, waiting: int, now: float) -> None:
        """Goes as fast as so many rows take, of which no more than `MOST` were counted."""
        needed = waiting / IN_TIME
        if waiting >= MOST and self._looked is not None:
            needed = max(needed, self._rate * 2)
        self._rate = max(self._rate, needed)
        self._looked = now

    def rest(self, took: float) -> float:
        """Seconds until the next step, after one that took so long."""
        meant = self.rows / self._rate
        self._took = took
        return 0.0 if self._rate > RESTLESS else max(0.0, meant - took)
