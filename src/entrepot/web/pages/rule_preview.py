"""What rules would do, as far as a page can tell it in a moment."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from entrepot.db.retention_runs import Result

MOST_SHOWN = 300
"""Of what goes, and of what stays."""
MOST_LOOKED_AT = 20_000
LONGEST = 4.0
"""Seconds; what is not found out by then a dry run tells."""


@dataclass(slots=True)
class Preview:
    """What would go and what would stay, `MOST_SHOWN` of each by name."""

    going: list[tuple[str, Result]] = field(default_factory=list)
    staying: list[tuple[str, Result]] = field(default_factory=list)
    gone: int = 0
    kept: int = 0
    whole: bool = True
    """Whether everything was looked at."""


@dataclass(slots=True)
class TagPreview:
    """Which tags a rule would keep from changing, `MOST_SHOWN` by name."""

    tags: list[str] = field(default_factory=list)
    count: int = 0
    looked: int = 0
    whole: bool = True


async def preview(found: AsyncIterator[tuple[str, list[Result]]]) -> Preview:
    """What was found, within bounds. Raises what looking raises."""
    made, begun = Preview(), time.monotonic()
    async for repository, results in found:
        for result in results:
            told = made.staying if result.kept else made.going
            if len(told) < MOST_SHOWN:
                told.append((repository, result))
        kept = sum(1 for result in results if result.kept)
        made.kept += kept
        made.gone += len(results) - kept
        if made.kept + made.gone >= MOST_LOOKED_AT or time.monotonic() - begun > LONGEST:
            made.whole = False
            break
    return made


async def tag_preview(found: AsyncIterator[tuple[str, list[str], int]]) -> TagPreview:
    """What was found, within bounds."""
    made, begun = TagPreview(), time.monotonic()
    async for repository, names, looked in found:
        made.tags += [f"{repository}:{name}" for name in names[: MOST_SHOWN - len(made.tags)]]
        made.count += len(names)
        made.looked += looked
        if made.looked >= MOST_LOOKED_AT or time.monotonic() - begun > LONGEST:
            made.whole = False
            break
    return made
