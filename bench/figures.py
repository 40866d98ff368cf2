"""The figures of a run: medians with their spread, the ratios, and whether each goal is met."""

from dataclasses import dataclass
from statistics import median

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
    met:       whether the goal is met; None without a goal or without both figures
    """

    row: Row
    cells: dict[str, Cell]
    ratio: float | None
    best: str
    best_ratio: float | None
    met: bool | None


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
    rivals = {server: cost for server, cost in costs.items() if server not in NOT_RIVALS}
    best = min(rivals, key=lambda server: rivals[server], default="")
    ratio = _ratio(costs.get(OURS), costs.get(YARDSTICK))
    return Line(
        row=row,
        cells=cells,
        ratio=ratio,
        best=best,
        best_ratio=_ratio(costs.get(OURS), rivals.get(best)),
        met=None if row.goal is None or ratio is None else ratio <= row.goal,
    )


def _cell(taken: list[Reading]) -> Cell:
    memories = [reading.memory for reading in taken if reading.memory is not None]
    if memories:
        return Cell(
            memory=spread([float(memory.total) for memory in memories]),
            largest=spread([float(memory.largest) for memory in memories]),
        )
    return Cell(cpu=spread([reading.cpu for reading in taken]), wall=spread([reading.wall for reading in taken]))


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    if ours is None or not theirs:
        return None
    return ours / theirs
