"""Rules of retention carried out: what goes, and what stays whatever the rules say."""

import pytest

from contracts.place import DAY, Place, index, subject
from contracts.retention import HOUR, aged, both, live, pushed_daily, rule, run
from entrepot.db import holds, immutability
from entrepot.db.holds import NewHold
from entrepot.model.digest import Digest
from entrepot.model.immutability import ImmutableRule
from entrepot.model.selector import SelectorText, parse_repository_selectors, parse_tag_selectors
from entrepot.storage.contract import Storage
from entrepot.storage.memory import MemoryStorage


@pytest.fixture
def storage() -> Storage:
    """One kind is enough: no rule looks at bytes."""
    return MemoryStorage()


async def test_the_newest_stay(place: Place) -> None:
    bodies = await pushed_daily(place, 5)
    found = await both(place, rule("latestPushedK", 2))
    assert {tag: result.kept for tag, result in found.items()} == {
        "v1": False,
        "v2": False,
        "v3": False,
        "v4": True,
        "v5": True,
    }
    assert "number 1 of the 2 most recently pushed" in found["v5"].why
    assert "not among the 2 most recently pushed" in found["v1"].why
    assert await place.tag_names() == ["v4", "v5"]
    assert await live(place) == {Digest.of(body) for body in bodies[3:]}


async def test_a_run_deletes_into_the_trash_and_tells_who(place: Place) -> None:
    place = place.ruled(trash=HOUR)
    await pushed_daily(place, 2)
    await run(place, rule("latestPushedK", 1))
    assert await place.rows("SELECT kind, deleted_by FROM trash") == [("artifact", "retention of library")]
    names = [name for name, _ in await place.events()]
    assert names[-3:] == ["tag:deleted", "artifact:deleted", "retention:ended"]
    (ended,) = [detail for name, detail in await place.events() if name == "retention:ended"]
    assert ended.items() >= {"total": 2, "retained": 1, "deleted": 1, "deleted_tags": 1, "state": "succeeded"}.items()
    assert ended["dry_run"] is False


async def test_tags_that_no_rule_keeps_go_from_an_artifact_that_stays(place: Place) -> None:
    body = await place.push_image(b"one", tag="v1")
    await place.put(body, "dev-1")
    found = await both(place, rule("always", pattern="v*"))
    assert (found["v1"].kept, found["dev-1"].kept) == (True, False)
    assert found["dev-1"].why == "no rule keeps it: none is about this tag"
    assert await place.tag_names() == ["v1"]
    assert await live(place) == {Digest.of(body)}


async def test_repositories_that_no_rule_is_about_are_left_alone(place: Place) -> None:
    await pushed_daily(place, 2)
    await pushed_daily(place, 2, "library/web/front")
    await pushed_daily(place, 2, "other/hello")
    found = await run(place, rule("latestPushedK", 1, repositories="web/**"))
    assert set(found) == {"web/front"}
    assert await place.tag_names() == ["v1", "v2"]
    assert await place.tag_names("library/web/front") == ["v2"]
    assert await place.tag_names("other/hello") == ["v1", "v2"]


@pytest.mark.parametrize("kept", [True, False])
async def test_what_has_no_tag(place: Place, kept: bool) -> None:
    body = await place.push_image(b"untagged")
    await place.push_image(b"one", tag="v1")
    found = await both(place, rule("always", untagged=kept))
    assert found[str(Digest.of(body))].kept is kept
    assert (Digest.of(body) in await live(place)) is kept


async def test_parts_of_what_stays_are_never_taken(place: Place) -> None:
    """Neither those without a tag, nor those whose tags go."""
    parts = [await place.push_image(b"amd64"), await place.push_image(b"arm64", tag="v1-arm64")]
    await aged(place, 90)
    multi = index(*parts)
    await place.put(multi, "v1")
    found = await both(place, rule("always", pattern="v1", untagged=False))
    assert found["v1"].kept
    assert not found["v1-arm64"].kept
    assert "names this manifest" in found[str(Digest.of(parts[1]))].why
    assert await place.tag_names() == ["v1"]
    assert await live(place) == {Digest.of(body) for body in (*parts, multi)}


async def test_parts_of_what_goes_go_with_it(place: Place) -> None:
    """Unless a tag, or another index, names them."""
    shared, tagged, alone = [await place.push_image(name) for name in (b"shared", b"tagged", b"alone")]
    await place.put(index(shared, tagged, alone), "old")
    await place.put(index(shared), "v2")
    await place.put(tagged, "v1")
    found = await both(place, rule("always", pattern="v*", untagged=False))
    assert found[str(Digest.of(alone))].why.startswith("a part of ")
    assert await live(place) == {Digest.of(body) for body in (shared, tagged, index(shared))}
    assert await place.tag_names() == ["v1", "v2"]


async def test_an_index_and_its_tagged_parts_go_in_one_run(place: Place) -> None:
    part = await place.push_image(b"part", tag="part")
    await place.put(index(part), "old")
    await place.push_image(b"one", tag="v1")
    found = await both(place, rule("always", pattern="v*", untagged=False))
    assert [found[tag].kept for tag in ("part", "old", "v1")] == [False, False, True]
    assert len(await live(place)) == 1


async def test_what_belongs_to_what_stays_stays_and_to_what_goes_goes(place: Place) -> None:
    stays, goes = await place.push_image(b"one", tag="v1"), await place.push_image(b"two", tag="old")
    for body in (stays, goes):
        signature = await place.push_image(b"signature of " + body[:300], subject=subject(body))
        await place.push_image(b"note on " + signature[:300], subject=subject(signature))
    await both(place, rule("always", pattern="v*", untagged=False))
    assert len(await live(place)) == 3
    assert len(await place.referrers(stays)) == 1
    assert await place.referrers(goes) == []


async def test_immutable_tags_stay(place: Place) -> None:
    bodies = await pushed_daily(place, 3)
    await place.put(bodies[0], "old")
    project = await place.project("library")
    tags = parse_tag_selectors([SelectorText(kind="doublestar", decoration="matches", pattern="v1")])
    where = parse_repository_selectors([SelectorText(kind="doublestar", decoration="repoMatches", pattern="**")])
    fixed = ImmutableRule(id=0, priority=0, disabled=False, tags=tags[0], repositories=where[0])
    await place.db.write(lambda tx: immutability.insert(tx, project.id, fixed))
    found = await both(place, rule("nDaysSinceLastPush", 0))
    assert {tag: result.kept for tag, result in found.items()} == {"v1": True, "old": False, "v2": False, "v3": False}
    assert found["v1"].why.startswith("no rule keeps it, but tag v1 is immutable: rule ")
    assert await place.tag_names() == ["v1"]
    assert await live(place) == {Digest.of(bodies[0])}


async def hold(place: Place, digest: Digest | None, tag: str | None = None) -> None:
    project = await place.project("library")
    repository_id = (await place.grant()).repository_id
    new = NewHold(project.id, repository_id, digest, tag, "court", "ada")
    await place.db.write(lambda tx: holds.insert(tx, new))


async def test_what_is_held_stays_with_its_tags(place: Place) -> None:
    bodies = await pushed_daily(place, 3)
    await hold(place, Digest.of(bodies[0]))
    found = await both(place, rule("latestPushedK", 1))
    assert {tag: result.kept for tag, result in found.items()} == {"v1": True, "v2": False, "v3": True}
    assert "is held by ada" in found["v1"].why
    assert await place.tag_names() == ["v1", "v3"]


async def test_what_something_held_belongs_to_stays_too(place: Place) -> None:
    body = await place.push_image(b"one", tag="old")
    signature = await place.push_image(b"signature", subject=subject(body))
    await hold(place, Digest.of(signature))
    found = await both(place, rule("always", pattern="v*", untagged=False))
    assert found["old"].kept
    assert len(await live(place)) == 2


async def test_pulls_by_digest_and_of_parts_count(place: Place) -> None:
    part = await place.push_image(b"part")
    await place.put(index(part), "multi")
    await place.push_image(b"one", tag="single")
    await place.push_image(b"two", tag="never")
    await aged(place, 100)
    now = await place.db.read(lambda tx: tx.now)
    for body in (part, await place.push_image(b"one")):
        await place.run("UPDATE manifests SET pulled_at = ? WHERE digest = ?", now - DAY, Digest.of(body).packed)
    found = await both(place, rule("nDaysSinceLastPull", 30))
    assert {tag: result.kept for tag, result in found.items()} == {"multi": True, "single": True, "never": False}


async def test_an_artifact_of_many_tags_loses_them_a_few_at_a_time(place: Place) -> None:
    """And with the last ones itself, if none stays."""
    place = place.ruled(trash=HOUR)
    names = [f"dev-{number}" for number in range(35)]
    for index_, stays in enumerate((True, False)):
        body = await place.push_image(
            b"image %d" % index_, tag=f"v{index_}" if stays else None, name=f"library/app{index_}"
        )
        await place.put(body, None, f"library/app{index_}", also=names)
    found = await run(place, rule("always", pattern="v*", untagged=False))
    assert {tag for tag, one in found["app0"].items() if not one.kept} == set(names)
    assert set(found["app1"]) == set(names)
    assert await place.tag_names("library/app0") == ["v0"]
    assert await place.rows("SELECT name FROM tags") == [("v0",)]
    assert await place.rows("SELECT total, retained, tags FROM retention_tasks ORDER BY id") == [(1, 1, 35), (1, 0, 35)]
    kinds = [row[0] for row in await place.rows("SELECT kind FROM trash")]
    assert kinds.count("artifact") == 1


async def test_an_artifact_of_many_tags_keeps_them_while_it_is_held(place: Place) -> None:
    body = await place.push_image(b"image", tag="old")
    await place.put(body, None, also=[f"dev-{number}" for number in range(35)])
    signature = await place.push_image(b"signature", subject=subject(body))
    await hold(place, Digest.of(signature))
    found = (await run(place, rule("always", pattern="v*", untagged=False)))["hello"]
    assert len(found) == 36
    assert all(result.kept for result in found.values())
    assert len(await place.tag_names()) == 36
