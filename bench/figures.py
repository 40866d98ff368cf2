"""The figures of a run: medians with their spread, the ratios, and whether each goal is met."""

from dataclasses import dataclass
from statistics import median

from bench.goals import Goal
from bench.rows import Row
from bench.run import Readings
from bench.stage import Reading

OURS = "entrepot"
YARDSTICK = "distribution"
NOT_RIVALS = (OURS, "nginx")


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The middle, the least and the most of several readings."""

    median: float
    least: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One server's figures in one row; memory in bytes, and None in rows of time; `why` is set when there are none."""

    cpu: Spread | None = None
    wall: Spread | None = None
    memory: Spread | None = None
    largest: Spread | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row's figures.

    cells:     by server
    ratio:     Entrepot's CPU as a multiple of distribution 3's; None when either has no figure
    best:      the rival with the least CPU, "" without one
    best_ratio: Entrepot's CPU as a multiple of that rival's
    wall_ratio: Entrepot's wall time as a multiple of that of the rival with the least
    met:       of each goal of the row whether it is met; None without the figures
    """

    row: Row
    cells: dict[str, Cell]
    ratio: float | None
    best: str
    best_ratio: float | None
    wall_ratio: float | None
    met: dict[Goal, bool | None]

    @property
    def unmet(self) -> bool:
        """Whether a goal was missed, or cannot be judged."""
        return not all(self.met.values())


def lines_of(rows: list[Row], servers: list[str], readings: Readings) -> list[Line]:
    """The figures of every row, in the same order."""
    return [_line(row, servers, readings) for row in rows]


def spread(values: list[float]) -> Spread:
    """The spread of at least one value."""
    return Spread(median=median(values), least=min(values), most=max(values))


def _line(row: Row, servers: list[str], readings: Readings) -> Line:
    cells: dict[str, Cell] = {}
    for server in servers:
        place = (row.key, server)
        if place in readings.failures:
            cells[server] = Cell(why=readings.failures[place])
        elif place in readings.values:
            cells[server] = _cell(readings.values[place])
    costs = {server: cell.cpu.median for server, cell in cells.items() if cell.cpu is not None}
    walls = {server: cell.wall.median for server, cell in cells.items() if cell.wall is not None}
    best = _best(costs)
    return Line(
        row=row,
        cells=cells,
        ratio=_ratio(costs, YARDSTICK),
        best=best,
        best_ratio=_ratio(costs, best),
        wall_ratio=_ratio(walls, _best(walls)),
        met={goal: _met(goal, cells.get(OURS), walls if goal.what == "wall" else costs) for goal in row.goals},
    )


def _met(goal: Goal, ours: Cell | None, values: dict[str, float]) -> bool | None:
    """Whether the goal is met; None without the figures. `values` are of all servers, of what the goal is about."""
    if goal.what == "memory":
        return None if ours is None or ours.largest is None else ours.largest.most <= goal.most * 1e6
    ratio = _ratio(values, _best(values) if goal.of == "best rival" else goal.of)
    return None if ratio is None else ratio <= goal.most


def _cell(taken: list[Reading]) -> Cell:
    memories = [reading.memory for reading in taken if reading.memory is not None]
    if memories:
        return Cell(
            memory=spread([float(memory.total) for memory in memories]),
            largest=spread([float(memory.largest) for memory in memories]),
        )
    return Cell(cpu=spread([reading.cpu for reading in taken]), wall=spread([reading.wall for reading in taken]))


def _best(values: dict[str, float]) -> str:
    """The rival with the least; "" without one."""
    return min((server for server in values if server not in NOT_RIVALS), key=lambda server: values[server], default="")


def _ratio(values: dict[str, float], of: str) -> float | None:
    """Ours as a multiple of another's; None when either is missing."""
    ours, theirs = values.get(OURS), values.get(of)
    return None if ours is None or not theirs else ours / theirs
