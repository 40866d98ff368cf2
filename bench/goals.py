"""What Entrepot is to reach in the rows: of what others take in the same run, or of memory."""

from dataclasses import dataclass
from typing import Literal

Yardstick = Literal["distribution", "best rival", "nginx", "MB a process"]


@dataclass(frozen=True)
class Goal:
    """The most that may be taken.

    most: as a multiple of what `of` takes; in millions of bytes where that is memory
    what: CPU of the server, wall time of the client, or resident memory of the largest process that takes connections
    """

    most: float
    of: Yardstick = "best rival"
    what: Literal["cpu", "wall", "memory"] = "cpu"

    def __str__(self) -> str:
        return f"≤ {self.most:g} {self.of}"


GET = (Goal(0.1, "distribution"),)
HEAD = (Goal(0.2, "distribution"),)
DOWN = (Goal(1.0),)
CONCURRENT_DOWN = (Goal(0.75), Goal(1.1, "nginx"))
UP = (Goal(0.85),)
IMAGE = (Goal(0.8, what="wall"),)
MEMORY = (Goal(100, "MB a process", "memory"),)
