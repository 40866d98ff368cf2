"""What commands print: tables for people, JSON for programs, and passwords asked for without echo."""

import datetime
import getpass
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table


class UsageWrong(Exception):
    """The command cannot be understood as it was given; the message says how to give it."""


def print_json(value: Any) -> None:
    """Prints the value as indented JSON."""
    print(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, nothing: str) -> None:
    """Prints a table, or the sentence `nothing` when there are no rows; tab-separated lines unless on a terminal."""
    console = Console()
    found = list(rows)
    if not console.is_terminal:
        for row in found:
            print("\t".join(row))
        return
    if not found:
        console.print(nothing, style="dim")
        return
    table = Table(*columns, box=None, header_style="dim", pad_edge=False)
    for row in found:
        table.add_row(*row)
    console.print(table, markup=False)


def say(sentence: str) -> None:
    """Tells the person at the terminal; not on standard output, which is for what a program may read."""
    print(sentence, file=sys.stderr)


def password_for(name: str) -> str:
    """The password for a user: from ENTREPOT_PASSWORD, else asked for twice.

    Raises UsageWrong if there is nobody to ask, or if both answers differ.
    """
    given = os.environ.get("ENTREPOT_PASSWORD")
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise UsageWrong("no password: set ENTREPOT_PASSWORD, or let one be made up with --generate")
    password = getpass.getpass(f"Password for {name}: ")
    if getpass.getpass("The same again: ") != password:
        raise UsageWrong("the two passwords differ; nothing was changed")
    return password


def day_of(microseconds: int) -> str:
    """The moment, in microseconds since 1970, as a UTC date and time."""
    moment = datetime.datetime.fromtimestamp(microseconds / 1e6, datetime.UTC)
    return moment.strftime("%Y-%m-%d %H:%M")


def size_of(size: int) -> str:
    """So many bytes, to be read by people: `17 B`, `4.2 MiB`."""
    value, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        if abs(value) < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}" if unit != "B" else f"{size} B"
