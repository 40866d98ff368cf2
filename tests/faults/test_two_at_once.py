"""Two processes at once on one upload session, as when a client gives up waiting and asks again."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import forking
import pytest
import sharing
from aftermath import findings
from scenarios import HERE, body, house_of, let_time_pass, make_ground
from stress.house import House, Place, open_database
from stress.pulling import read
from stress.verdict import drain

from entrepot.model.digest import Digest
from entrepot.storage.filesystem import FileStorage

SESSIONS = 25
ONE, TWO = b"one" * 100_000, b"two" * 100_000
BOTH = ONE + ONE

Pair = tuple[str, str]


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Place:
    return Place(database=database_url.removeprefix("sqlite:///"), storage=str(tmp_path / "objects"))


def test_of_two_chunks_for_one_place_one_is_kept(place: Place, tmp_path: Path) -> None:
    async def judge(house: House, session: str, answers: Pair) -> None:
        assert sorted(answers) == ["RangeInvalid", "done"]
        kept = ONE if answers[0] == "done" else TWO
        assert (await house.uploads.status(house.grant(HERE), session)).size == len(kept)
        blob = await house.uploads.finish(house.grant(HERE), session, None, Digest.of(kept))
        assert await read(house, blob, 0) is None

    together(place, tmp_path, before=b"", ways=("append", "append"), data=(ONE, TWO), digests=(ONE, TWO), judge=judge)


def test_a_close_that_is_asked_twice_at_once_is_answered_twice(place: Place, tmp_path: Path) -> None:
    async def judge(house: House, session: str, answers: Pair) -> None:
        assert answers == ("done", "done")

    together(
        place, tmp_path, before=BOTH, ways=("finish", "finish"), data=(b"", b""), digests=(BOTH, BOTH), judge=judge
    )


def test_a_close_with_its_content_that_is_sent_twice_at_once(place: Place, tmp_path: Path) -> None:
    async def judge(house: House, session: str, answers: Pair) -> None:
        assert "done" in answers
        assert set(answers) <= {"done", "RangeInvalid", "BlobUploadUnknown"}
        blob = await house.blobs.find(house.grant(HERE), Digest.of(ONE))
        assert await read(house, blob, 0) is None

    ways = ("close with it", "close with it")
    together(place, tmp_path, before=b"", ways=ways, data=(ONE, ONE), digests=(ONE, ONE), judge=judge)


def test_a_close_and_a_cancel_at_once(place: Place, tmp_path: Path) -> None:
    async def judge(house: House, session: str, answers: Pair) -> None:
        assert sorted(answers) == ["BlobUploadUnknown", "done"]

    together(
        place, tmp_path, before=BOTH, ways=("finish", "cancel"), data=(b"", b""), digests=(BOTH, BOTH), judge=judge
    )


def together(
    place: Place,
    folder: Path,
    *,
    before: bytes,
    ways: Pair,
    data: tuple[bytes, bytes],
    digests: tuple[bytes, bytes],
    judge: Callable[[House, str, Pair], Awaitable[None]],
) -> None:
    """Has two processes go at the same sessions, and judges each; in the end nothing may be left over."""
    sessions = asyncio.run(begin(place, before))
    barrier = forking.context.Barrier(2)
    outs = [folder / "first", folder / "second"]
    processes = [
        forking.context.Process(
            target=sharing.share, args=(place, sessions, barrier, way, some, str(Digest.of(whole)), out)
        )
        for way, some, whole, out in zip(ways, data, digests, outs, strict=True)
    ]
    for process in processes:
        forking.start(process)
    for process in processes:
        process.join(100)
        assert process.exitcode == 0
    asyncio.run(end(place, sessions, outs, judge))


async def begin(place: Place, before: bytes) -> list[str]:
    """Sessions that hold so much, in two parts."""
    house = house_of(open_database(place), FileStorage(Path(place.storage)))
    await house.db.write(make_ground)
    grant = house.grant(HERE)
    sessions = []
    for _ in range(SESSIONS):
        session = (await house.uploads.start(grant)).id
        for part in (before[: len(before) // 2], before[len(before) // 2 :]):
            if part:
                await house.uploads.append(grant, session, body(part))
        sessions.append(session)
    await house.close()
    return sessions


async def end(
    place: Place, sessions: list[str], outs: list[Path], judge: Callable[[House, str, Pair], Awaitable[None]]
) -> None:
    house = house_of(open_database(place), FileStorage(Path(place.storage)))
    first, second = (out.read_text().splitlines() for out in outs)
    assert await findings(house) == []
    for session, *answers in zip(sessions, first, second, strict=True):
        await judge(house, session, (answers[0], answers[1]))
    await house.db.write(let_time_pass)
    assert await drain(house, 5.0) == []
    await house.close()
