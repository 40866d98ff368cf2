"""Immutable tags: on every way by which a tag could be moved or deleted, and however many try at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from contracts.place import Place, index, principal, subject
from entrepot.db import projects
from entrepot.model.digest import Digest
from entrepot.model.errors import AlreadyExists, Immutable, InUse, Invalid, Protected, RecordUnknown
from entrepot.model.grant import ProjectGrant
from entrepot.model.immutability import MOST_RULES, ImmutableRule
from entrepot.model.project import Role
from entrepot.model.query import ListQuery
from entrepot.model.reference import Tag
from entrepot.model.selector import SelectorText, parse_repository_selectors, parse_tag_selectors
from entrepot.registry.artifacts import Artifacts, Shown
from entrepot.registry.copies import Copies
from entrepot.registry.immutable_rules import CREATE, DELETE, LIST, UPDATE, ImmutableRules
from entrepot.registry.project_deletion import remove_project
from entrepot.registry.repositories import Repositories
from entrepot.storage.contract import Storage
from entrepot.storage.memory import MemoryStorage

EVERYTHING = frozenset({LIST, CREATE, UPDATE, DELETE})


@pytest.fixture
def storage() -> Storage:
    """One kind is enough: no rule looks at bytes."""
    return MemoryStorage()


def rule(pattern: str = "v*", repositories: str = "**", **more: Any) -> ImmutableRule:
    (tags,) = parse_tag_selectors([SelectorText(kind="doublestar", decoration="matches", pattern=pattern)])
    where = SelectorText(kind="doublestar", decoration="repoMatches", pattern=repositories)
    told = {"id": 0, "priority": 0, "disabled": False, **more}
    return ImmutableRule(tags=tags, repositories=parse_repository_selectors([where])[0], **told)


async def granted(place: Place, name: str = "library") -> ProjectGrant:
    project = await place.project(name)
    roles = frozenset({Role.MAINTAINER})
    return ProjectGrant(principal=principal("ada"), project=project, permissions=EVERYTHING, roles=roles)


async def forbid(place: Place, pattern: str = "v*", repositories: str = "**", **more: Any) -> int:
    """The id of a rule that is now there."""
    return await ImmutableRules(place.db).create(await granted(place), rule(pattern, repositories, **more))


async def named_by(place: Place, tag: str) -> Digest | None:
    """What the tag names, unless its project is gone."""
    found = await place.rows(
        "SELECT m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id"
        " JOIN repositories r ON r.id = t.repository_id WHERE t.name = ? AND r.name = 'library/hello'",
        tag,
    )
    return Digest(bytes(found[0][0])) if found else None


def artifacts(place: Place) -> Artifacts:
    return Artifacts(place.db, place.manifests, place.blobs)


async def move_by_push(place: Place, body: bytes) -> None:
    other = await place.push_image(b"other")
    await place.put(other, "v1")


async def push_again(place: Place, body: bytes) -> None:
    await place.put(body, "v1")


async def push_as_one_of_several(place: Place, body: bytes) -> None:
    other = await place.push_image(b"other")
    await place.put(other, "new", also=["newer", "v1"])


async def delete_tag(place: Place, body: bytes) -> None:
    await place.delete(Tag("v1"))


async def delete_tag_of_artifact(place: Place, body: bytes) -> None:
    await artifacts(place).delete_tag(await place.grant(), Digest.of(body), Tag("v1"))


async def delete_by_digest(place: Place, body: bytes) -> None:
    await place.delete(body)


async def delete_artifact(place: Place, body: bytes) -> None:
    await artifacts(place).delete(await place.grant(), Digest.of(body))


async def delete_artifact_by_another_tag(place: Place, body: bytes) -> None:
    await place.put(body, "latest")
    await artifacts(place).delete(await place.grant(), Tag("latest"))


async def delete_repository(place: Place, body: bytes) -> None:
    await Repositories(place.db, place.rules).delete(await place.grant())


async def delete_project(place: Place, body: bytes) -> None:
    project = await place.project("library")

    def change(tx: Any) -> None:
        projects.lock(tx, "library")
        remove_project(tx, place.rules, principal("ada"), project, force=True)

    await place.db.write(change)


async def copy_onto(place: Place, body: bytes) -> None:
    await place.push_image(b"other", tag="v1", name="other/hello")
    copies = Copies(place.db, place.manifests, place.rules)
    await copies.copy(await place.grant("other/hello"), await place.grant(), Tag("v1"))


WAYS = [
    move_by_push,
    push_again,
    push_as_one_of_several,
    delete_tag,
    delete_tag_of_artifact,
    delete_by_digest,
    delete_artifact,
    delete_artifact_by_another_tag,
    delete_repository,
    delete_project,
    copy_onto,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("trash", [0, 3600_000_000])
async def test_no_way_moves_or_deletes_it(
    place: Place, way: Callable[[Place, bytes], Awaitable[None]], trash: int
) -> None:
    """PROJQUAY-10504: nor does it go with its manifest."""
    place = place.ruled(trash=trash)
    body = await place.push_image(b"one", tag="v1")
    await forbid(place)
    with pytest.raises(Immutable, match="v1 is immutable"):
        await way(place, body)
    assert (await place.manifests.get(await place.grant(), Tag("v1"))).digest == Digest.of(body)
    assert set(await place.tag_names()) <= {"v1", "latest"}


@pytest.mark.parametrize("way", [way for way in WAYS if way is not push_again], ids=lambda way: way.__name__)
async def test_each_way_works_without_a_rule(place: Place, way: Callable[[Place, bytes], Awaitable[None]]) -> None:
    body = await place.push_image(b"one", tag="v1")
    await forbid(place, "v*", "other")
    await forbid(place, "w*")
    await forbid(place, disabled=True)
    await way(place, body)
    assert await named_by(place, "v1") != Digest.of(body)


async def test_what_no_rule_is_about_can_be_done(place: Place) -> None:
    await forbid(place)
    body = await place.push_image(b"one", tag="v1")  # The first push of it.
    await place.put(body, "latest")
    await place.put(await place.push_image(b"two"), "latest")
    await place.delete(Tag("latest"))
    with pytest.raises(AlreadyExists):
        await artifacts(place).create_tag(await place.grant(), Digest.of(body), Tag("v1"))
    await artifacts(place).create_tag(await place.grant(), Digest.of(body), Tag("v2"))
    assert await place.tag_names() == ["v1", "v2"]


async def test_what_belongs_to_it_and_its_parts_stay_with_it(place: Place) -> None:
    """Neither an index that has parts which are immutable themselves, nor a signature, is a way around."""
    part = await place.push_image(b"part", tag="v1")
    await place.put(index(part), "multi")
    await forbid(place)
    with pytest.raises(Immutable):
        await place.delete(part)
    await place.delete(index(part))  # The part is not deleted with it.
    assert await place.tag_names() == ["v1"]

    body = await place.push_image(b"one", tag="latest")
    await place.push_image(b"signature", tag="v-signature", subject=subject(body))
    with pytest.raises(Immutable):
        await artifacts(place).delete(await place.grant(), Digest.of(body))
    assert set(await place.tag_names()) == {"latest", "v-signature", "v1"}


async def test_a_part_of_an_index_says_both(place: Place) -> None:
    part = await place.push_image(b"part", tag="w1")
    await place.put(index(part), "v1")
    await forbid(place)
    with pytest.raises(InUse):
        await place.delete(part)
    with pytest.raises(Protected):
        await place.delete(index(part))


async def test_of_many_that_push_a_new_one_at_once_one_does(place: Place) -> None:
    await forbid(place)
    bodies = [await place.push_image(f"image {number}".encode()) for number in range(8)]
    outcomes = await asyncio.gather(*(place.put(body, "v1") for body in bodies), return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, Immutable)]
    done = [one for one in outcomes if not isinstance(one, BaseException)]
    assert (len(done), len(refused)) == (1, 7), outcomes
    assert (await place.manifests.get(await place.grant(), Tag("v1"))).digest == done[0].digest


async def test_lists_tell_which_are_immutable(place: Place) -> None:
    body = await place.push_image(b"one", tag="v1")
    await place.put(body, "latest")
    await forbid(place)
    grant = await place.grant()
    for asked in (True, False):
        found, _ = await artifacts(place).tags(grant, Tag("v1"), ListQuery(), immutable=asked)
        assert {tag.name: tag.immutable for tag in found} == {"v1": asked, "latest": False}
        views, _ = await artifacts(place).page(grant, ListQuery(), Shown(immutable=asked))
        assert {tag.name: tag.immutable for tag in views[0].tags} == {"v1": asked, "latest": False}


async def test_rules_are_made_changed_and_removed(place: Place) -> None:
    rules, grant = ImmutableRules(place.db), await granted(place)
    first = await forbid(place)
    second = await forbid(place, "w*")
    with pytest.raises(AlreadyExists):
        await forbid(place, disabled=True)  # About the same.
    with pytest.raises(AlreadyExists):
        await rules.update(grant, rule("v*", id=second))
    await rules.update(grant, rule("v*", id=first, disabled=True))
    found, total = await rules.page(grant, ListQuery())
    assert ([(one.id, one.disabled) for one in found], total) == ([(first, True), (second, False)], 2)
    elsewhere = await granted(place, "elsewhere")
    for change in (rules.delete(elsewhere, first), rules.update(elsewhere, rule("x", id=first))):
        with pytest.raises(RecordUnknown):
            await change
    await rules.delete(grant, first)
    with pytest.raises(RecordUnknown):
        await rules.delete(grant, first)
    assert [name for name, _ in await place.events() if name.startswith("policy:")] == [
        "policy:created",
        "policy:created",
        "policy:changed",
        "policy:deleted",
    ]


async def test_there_are_only_so_many_rules(place: Place) -> None:
    for number in range(MOST_RULES):
        await forbid(place, f"v{number}")
    with pytest.raises(Invalid):
        await forbid(place, "one-more")


async def test_rules_go_with_their_project(place: Place) -> None:
    await forbid(place)
    project = await place.project("library")
    await place.db.write(lambda tx: projects.delete(tx, project.id))
    assert await place.rows("SELECT * FROM immutable_rules") == []
