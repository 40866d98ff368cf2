"""A quota that explains itself: every figure is what deleting, emptying and collecting then gives back."""

import pytest

from contracts.place import DAY, Place
from entrepot.access.local import itself_grant, shell_project_grant
from entrepot.db import quotas
from entrepot.db.usage import RepositoryUse
from entrepot.model.errors import Invalid
from entrepot.model.grant import CatalogGrant
from entrepot.model.query import ListQuery
from entrepot.registry.usage import SharedBlob, Usage

ALL = ListQuery(page=1, page_size=100)
BASE, OWN = b"a base " * 1000, b"of its own " * 100


async def uses(place: Place, project: str = "library") -> dict[str, RepositoryUse]:
    found, total = await Usage(place.db).repositories(await shell_project_grant(place.db, project), ALL)
    assert total == len(found)
    return {one.name: one for one in found}


async def used(place: Place, project: str = "library") -> int:
    project_id = (await place.project(project)).id
    quota = await place.db.read(lambda tx: quotas.of_project(tx, project_id))
    assert quota is not None
    return quota.used


async def blobs(place: Place, *, everything: bool = True, project: str = "library") -> dict[int, SharedBlob]:
    who = (await place.grant()).principal
    grant = await shell_project_grant(place.db, project)
    found, _ = await Usage(place.db).blobs(grant, CatalogGrant(principal=who, everything=everything), ALL)
    return {one.blob.size: one for one in found}


async def test_what_each_repository_holds_adds_up_to_the_quota(place: Place) -> None:
    await place.push_image(BASE, OWN, tag="one")
    await place.push_image(BASE, b"x", tag="one", name="library/other")
    found = await uses(place)
    hello, other = found["library/hello"], found["library/other"]
    assert hello.shared == other.shared == len(BASE)
    assert hello.own + other.own + len(BASE) == await used(place)
    assert (hello.artifacts, hello.blobs, hello.trash, hello.waiting) == (1, 3, 0, 0)
    assert hello.used == hello.own + hello.shared


async def test_deleting_a_repository_frees_what_was_told(place: Place) -> None:
    body = await place.push_image(BASE, OWN, tag="one")
    await place.push_image(BASE, b"x", tag="one", name="library/other")
    told, before = (await uses(place))["library/hello"].own, await used(place)
    await place.delete(body)
    await place.let_time_pass(3 * DAY)
    await place.collect()
    assert before - await used(place) == told
    hello = (await uses(place))["library/hello"]
    assert (hello.used, hello.artifacts) == (0, 0)
    store = await Usage(place.db).store(itself_grant())
    assert sum(day.bytes for day in store.freed) == told - len(body)


async def test_what_is_in_the_trash_and_what_nothing_needs_is_told_apart(place: Place) -> None:
    kept = place.ruled(trash=DAY)
    body = await kept.push_image(BASE, OWN, tag="one")
    await kept.push_image(BASE, tag="two")
    await kept.push(b"pushed lately")
    hello = (await uses(kept))["library/hello"]
    assert (hello.trash, hello.waiting) == (0, len(b"pushed lately"))
    await kept.delete(body)
    hello = (await uses(kept))["library/hello"]
    config = hello.trash - len(OWN) - len(body)
    assert 0 < config < 200
    assert hello.used == await used(kept)
    before = hello.used
    await kept.let_time_pass(3 * DAY)
    await kept.collect()
    assert before - await used(kept) == hello.trash + hello.waiting


async def test_who_shares_a_blob_is_told_to_who_may_know_of_them(place: Place) -> None:
    await place.project("seen", public=True)
    await place.project("hidden")
    for name in ("library/hello", "library/other", "seen/image", "hidden/image"):
        await place.push(BASE, name)
    await place.push(OWN)
    found = await blobs(place)
    assert list(found) == [len(BASE), len(OWN)]
    assert found[len(BASE)].repositories == ("library/hello", "library/other")
    assert found[len(BASE)].projects == ("hidden", "seen")
    assert (found[len(OWN)].repositories, found[len(OWN)].projects) == (("library/hello",), ())
    found = await blobs(place, everything=False)
    assert found[len(BASE)].projects == ("seen",)


async def test_a_list_of_such_figures_is_given_by_pages(place: Place) -> None:
    await place.push(OWN)
    grant = await shell_project_grant(place.db, "library")
    with pytest.raises(Invalid, match="page_size"):
        await Usage(place.db).repositories(grant, ListQuery(page=1, page_size=0))
    for number in range(3):
        await place.push(b"%d" % number, f"library/part-{number}")
    found, total = await Usage(place.db).repositories(grant, ListQuery(page=2, page_size=3))
    assert ([one.name for one in found], total) == (["library/part-2"], 4)


async def test_the_store_counts_each_content_once(place: Place) -> None:
    for name in ("library/hello", "library/else", "other/hello"):
        await place.push(BASE, name)
    await place.push(OWN)
    store = await Usage(place.db).store(itself_grant())
    assert (store.stored.blobs, store.stored.bytes) == (2, len(BASE) + len(OWN))
    assert store.stored.counted == 2 * len(BASE) + len(OWN)
    assert [(one.size, one.repositories, one.projects) for one in store.largest] == [
        (len(BASE), 3, 2),
        (len(OWN), 1, 1),
    ]
