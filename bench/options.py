"""What a run is told on its command line."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from bench.content import MIB
from bench.load import ROOT
from bench.rows import GROUPS
from bench.stage import Sizes

SERVERS = ("entrepot", "distribution", "docker-registry", "zot", "nginx")


def parse(arguments: list[str]) -> argparse.Namespace:
    """The run's options; ends the program with a sentence when they make no sense."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--rows", type=_names(GROUPS), default=GROUPS, help=f"groups of rows: {','.join(GROUPS)}")
    parser.add_argument("--servers", type=_names(SERVERS), default=SERVERS, help=f"servers: {','.join(SERVERS)}")
    parser.add_argument("--rounds", type=_within(50), default=5, help="rounds; the median is shown (5)")
    parser.add_argument("--count", type=_within(1_000_000), default=10_000, help="requests of a small row (10 000)")
    parser.add_argument(
        "--volume-mib", type=_within(16_384), default=1024, help="MiB a large row moves (1024), scaled to a GiB"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes of Entrepot and nginx")
    parser.add_argument("--minutes", type=float, default=45.0, help="no row is begun after so many minutes (45)")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is not met")
    parser.add_argument("--keep", action="store_true", help="leave the servers' data and logs")
    options = parser.parse_args(arguments)
    if options.workers < 1:
        parser.error("--workers must be at least 1")
    return options


def sizes(options: argparse.Namespace) -> Sizes:
    """The sizes the options ask for: four large blobs make up the volume."""
    volume = options.volume_mib * MIB
    blob = volume // 4
    return Sizes(
        count=options.count,
        volume=volume,
        blob=blob,
        piece=max(blob // 4, MIB // 4),
        span=min(4 * MIB, blob),
    )


def _names(allowed: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    def parse_names(text: str) -> tuple[str, ...]:
        wanted = [name.strip() for name in text.split(",")]
        for name in wanted:
            if name not in allowed:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(allowed)}")
        return tuple(name for name in allowed if name in wanted)

    return parse_names


def _within(most: int) -> Callable[[str], int]:
    def parse_number(text: str) -> int:
        number = int(text)
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"{number} is not between 1 and {most}")
        return number

    return parse_number
