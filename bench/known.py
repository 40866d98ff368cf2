"""zot's CPU as a multiple of distribution 3's, from an earlier run, for machines that have no zot."""

SOURCE = (
    "earlier measurement, side by side on a two-core machine, 2026-11: zot 2.1 without authentication, "
    "distribution 3.1.2 with tokens; the middle of each range"
)

# CPU seconds, (zot, distribution 3): 10 000 requests, or 1 GiB over 8 connections.
SECONDS: dict[str, tuple[float, float]] = {
    "10 000 manifest GETs": (0.93, 3.55),
    "10 000 blob HEADs": (1.65, 2.90),
    "10 000 blob GETs of 4 KiB": (1.45, 15.0),
    "1 GiB down, 8 connections": (0.46, 0.48),
    "1 GiB up (zot without fsync)": (1.65, 1.90),
    "1 GiB up (zot with fsync)": (2.10, 1.90),
}


def ratios() -> dict[str, float]:
    """zot's share of distribution 3's CPU by what was measured."""
    return {title: zot / distribution for title, (zot, distribution) in SECONDS.items()}
