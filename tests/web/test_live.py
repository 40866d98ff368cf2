"""News: who is told of what, and that nothing between a page and its stream goes unseen."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest
from house import Harbor
from reader import Readers

from entrepot.db.contract import Transaction
from entrepot.db.news import Told
from entrepot.registry.news import News
from entrepot.web.live import Listener, Live

HELLO = "event: hello"
NEWS = "event: news"


async def heard(stream: AsyncIterator[bytes], seconds: float = 3) -> str:
    """The next message; empty if none comes in time."""
    try:
        return (await asyncio.wait_for(anext(stream), seconds)).decode()
    except TimeoutError:
        return ""


def everything() -> Listener:
    return Listener(lambda told: True)


async def test_what_happens_is_told(harbor: Harbor) -> None:
    live = Live(harbor.whole.db)
    stream = live.stream(everything(), await live.newest())
    assert HELLO in await heard(stream)
    await harbor("admin").post("/projects", {"project_name": "fresh"})
    assert NEWS in await heard(stream)
    live.close()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_what_happened_between_the_page_and_its_stream_is_told(harbor: Harbor) -> None:
    live = Live(harbor.whole.db)
    seen = await live.newest()
    await harbor("admin").post("/projects", {"project_name": "fresh"})
    stream = live.stream(everything(), seen)
    assert HELLO in await heard(stream)
    assert NEWS in await heard(stream)
    live.close()


async def test_what_does_not_concern_a_page_is_not_told(harbor: Harbor) -> None:
    live = Live(harbor.whole.db)
    stream = live.stream(Listener(lambda told: told.repository == "a/b"), await live.newest())
    assert HELLO in await heard(stream)
    await harbor("admin").post("/projects", {"project_name": "fresh"})
    assert await heard(stream, 0.5) == ""
    live.close()


async def test_a_state_that_changes_is_told(harbor: Harbor) -> None:
    live = Live(harbor.whole.db)

    def state(tx: Transaction) -> object:
        row = tx.one("SELECT count(*) FROM projects")
        return row and row[0]

    stream = live.stream(Listener(lambda told: False, ("projects",)), await live.newest(), [("projects", state)])
    assert HELLO in await heard(stream)
    await asyncio.sleep(0.2)
    await harbor("admin").post("/projects", {"project_name": "fresh"})
    assert NEWS in await heard(stream)
    live.close()


@pytest.mark.parametrize(
    ("name", "topics", "status"),
    [
        (None, ["project:private"], 303),
        ("stranger", ["project:private"], 403),
        ("owner", ["system"], 403),
        ("owner", ["state:jobs"], 403),
        ("owner", [], 400),
        ("owner", ["nothing:x"], 400),
        ("owner", ["repository:NOT A NAME"], 400),
        ("owner", ["project:private"] * 9, 400),
    ],
)
async def test_nobody_hears_what_they_may_not_see(
    reader: Readers, name: str | None, topics: Iterable[str], status: int
) -> None:
    somebody = reader()
    if name:
        await somebody.sign_in(name)
    answer = await somebody.get("/-/live", params={"on": [*topics], "seen": "0"})
    assert answer.status_code == status


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class _Told:
    """A database whose events appear in any order."""

    def __init__(self) -> None:
        self.there: set[int] = {1}

    async def read(self, question: object, *, key: object = None) -> object:
        return question(self)  # type: ignore[operator]

    def one(self, statement: str, *parameters: object) -> tuple[int]:
        return (max(self.there),)

    def all(self, statement: str, *parameters: int) -> list[tuple[int, str, None, None]]:
        if "IN" in statement:
            return [(number, "x", None, None) for number in self.there & set(parameters)]
        last, count = parameters
        return [(number, "x", None, None) for number in sorted(self.there) if number > last][:count]


async def test_an_event_that_is_committed_late_is_told_all_the_same() -> None:
    clock, told = _Clock(), _Told()
    news = News(told, clock)  # type: ignore[arg-type]
    assert await news.look() == []
    told.there |= {3, 5}
    assert [one.id for one in await news.look()] == [3, 5]
    told.there.add(2)
    assert [one.id for one in await news.look()] == [2]
    assert await news.look() == []
    clock.now = 31
    assert await news.look() == []
    told.there.add(4)
    assert await news.look() == [], "by then its transaction was given up"
    told.there.add(6)
    assert await news.look() == [Told(6, "x", None, None)]
