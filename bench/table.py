"""The run, as tables for people and as JSON for programs."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench import known
from bench.figures import Cell, Line, Spread

MIB = 1 << 20
WIDTH = 200

Look = Callable[[Cell], Text | None]


def show(
    console: Console, lines: list[Line], titles: dict[str, str], absent: dict[str, str], *, zot_wanted: bool
) -> None:
    """Nothing; CPU, wall time and memory are printed, then what failed and who was not here."""
    timed = [line for line in lines if line.row.group != "rss"]
    if timed:
        console.print(_cpu_table(timed, titles))
        console.print(_wall_table(timed, titles))
    memory = [line for line in lines if line.row.group == "rss"]
    if memory:
        console.print(_memory_table(memory, titles))
    for line in lines:
        for server, cell in line.cells.items():
            if cell.why:
                console.print(Text(f"{server}: {line.row.title}: no figure: {cell.why}", style="red"))
    for server, why in absent.items():
        console.print(Text(f"{server}: not here: {why}", style="yellow"))
    if zot_wanted and "zot" in absent:
        console.print(_known_table())
        console.print(Text(f"zot's ratios are from an {known.SOURCE}.", style="dim"))


def as_json(lines: list[Line]) -> list[dict[str, Any]]:
    """The lines as plain values; seconds and bytes."""
    return [
        {
            "row": line.row.key,
            "title": line.row.title,
            "group": line.row.group,
            "servers": {
                server: {name: value for name, value in asdict(cell).items() if value}
                for server, cell in line.cells.items()
            },
            "ratio_to_distribution": line.ratio,
            "best_rival": line.best,
            "ratio_to_best_rival": line.best_ratio,
            "wall_ratio_to_best_rival": line.wall_ratio,
            "goals": {f"{goal.what} {goal}": met for goal, met in line.met.items()},
        }
        for line in lines
    ]


def _cpu_table(lines: list[Line], titles: dict[str, str]) -> Table:
    table = Table(title="CPU seconds of the server: median (least-most)")
    table.add_column("row", no_wrap=True)
    for title in titles.values():
        table.add_column(title, justify="right")
    for name in ("÷ distribution", "÷ best rival", "goals"):
        table.add_column(name, justify="right")
    group = lines[0].row.group
    for line in lines:
        if line.row.group != group:
            table.add_section()
            group = line.row.group
        cells = [_text(line.cells.get(server), _cpu) for server in titles]
        table.add_row(line.row.title, *cells, _times(line.ratio), _best(line), _goals(line, "cpu"))
    return table


def _wall_table(lines: list[Line], titles: dict[str, str]) -> Table:
    table = Table(title="Wall seconds: median (least-most)")
    table.add_column("row", no_wrap=True)
    for name in (*titles.values(), "÷ best rival", "goals"):
        table.add_column(name, justify="right")
    for line in lines:
        cells = [_text(line.cells.get(server), _wall) for server in titles]
        table.add_row(line.row.title, *cells, _times(line.wall_ratio), _goals(line, "wall"))
    return table


def _memory_table(lines: list[Line], titles: dict[str, str]) -> Table:
    caption = "of all its processes, shared pages counted for each; [largest] takes connections"
    table = Table(title="Most resident memory, MiB", caption=Text(caption))
    table.add_column("row", no_wrap=True)
    for name in (*titles.values(), "goals"):
        table.add_column(name, justify="right")
    for line in lines:
        cells = [_text(line.cells.get(server), _memory) for server in titles]
        table.add_row(line.row.title, *cells, _goals(line, "memory"))
    return table


def _known_table() -> Table:
    table = Table(title="zot's CPU ÷ distribution 3's, as known")
    table.add_column("row")
    table.add_column("ratio", justify="right")
    for title, ratio in known.ratios().items():
        table.add_row(title, f"{ratio:.2f}")
    return table


def _text(cell: Cell | None, look: Look) -> Text:
    if cell is None:
        return Text("-", style="dim")
    if cell.why:
        return Text("failed", style="red")
    return look(cell) or Text("-", style="dim")


def _cpu(cell: Cell) -> Text | None:
    return _seconds(cell.cpu, 2)


def _wall(cell: Cell) -> Text | None:
    return _seconds(cell.wall, 3)


def _memory(cell: Cell) -> Text | None:
    if cell.memory is None or cell.largest is None:
        return None
    return Text(f"{cell.memory.most / MIB:.0f} [{cell.largest.most / MIB:.0f}]")


def _seconds(value: Spread | None, places: int) -> Text | None:
    if value is None:
        return None
    spread = f" ({value.least:.{places}f}-{value.most:.{places}f})"
    return Text.assemble(f"{value.median:.{places}f}", (spread, "dim"))


def _times(ratio: float | None) -> Text:
    return Text("-", style="dim") if ratio is None else Text(f"{ratio:.2f}")


def _best(line: Line) -> Text:
    if line.best_ratio is None:
        return Text("-", style="dim")
    return Text(f"{line.best_ratio:.2f} ({line.best})")


def _goals(line: Line, what: str) -> Text:
    """The goals that are about that, each with whether it is met."""
    texts = []
    for goal, met in line.met.items():
        if goal.what == what:
            verdict, style = {None: ("no figure", "yellow"), True: ("met", "green"), False: ("NOT MET", "red")}[met]
            texts.append(Text(f"{goal} {verdict}", style=style))
    return Text(", ").join(texts)
