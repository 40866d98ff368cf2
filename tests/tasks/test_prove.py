"""Proving: a whole store has no findings, and each kind of damage is found and named."""

from collections.abc import Awaitable, Callable

import pytest

from contracts.place import Place, image, index, stream, subject
from entrepot.model.digest import Digest
from entrepot.model.fault import Fault
from entrepot.storage.contract import Key, fresh_key
from entrepot.tasks.prove import Progress


async def filled(place: Place) -> bytes:
    body = await place.push_image(b"one", b"two" * 1000, tag="latest")
    await place.put(index(body), "all")
    await place.push_image(b"signature", subject=subject(body))
    await place.push_image(b"one", tag="latest", name="other/hello")
    await place.uploads.put(await place.grant(), stream(b"long"), Digest.of(b"long", "sha512"))
    upload = await place.uploads.start(await place.grant())
    await place.uploads.append(await place.grant(), upload.id, stream(b"part"))
    return body


async def faults(place: Place) -> list[Fault]:
    found = await place.findings()
    for finding in found:
        assert finding.subject
        assert len(finding.sentence) > 10
    return [finding.fault for finding in found]


async def test_a_store_in_use_has_no_findings_and_its_progress_is_told(place: Place) -> None:
    assert await place.findings() == []
    await filled(place)
    steps = [step async for step in place.prover.prove()]
    assert all(isinstance(step, Progress) for step in steps)
    last = {step.stage: step for step in steps if isinstance(step, Progress)}
    total = (await place.rows("SELECT sum(size) FROM blobs"))[0][0]
    assert (last["bytes"].done, last["bytes"].total) == (total, total)
    assert (last["manifests"].done, last["manifests"].total) == (4, 4)
    assert last["objects"].done == len(await place.stored())


async def replaced(place: Place, content: bytes, other: bytes | None) -> Callable[[], Awaitable[None]]:
    """Damages the object of the blob; what is given back repairs it."""
    [(key,)] = await place.rows("SELECT key FROM blobs WHERE digest = ?", Digest.of(content).packed)

    async def write(what: bytes | None) -> None:
        await place.storage.remove(Key(key))
        if what is not None:
            writer = await place.storage.create(Key(key))
            await writer.write([what])
            await writer.finish()

    await write(other)
    return lambda: write(content)


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        (b"onf", Fault.BLOB_CORRUPT),
        (b"on", Fault.BLOB_CORRUPT),
        (b"one more", Fault.BLOB_CORRUPT),
        (b"", Fault.BLOB_CORRUPT),
        (None, Fault.BLOB_MISSING),
    ],
)
async def test_a_damaged_object_is_found(place: Place, other: bytes | None, fault: Fault) -> None:
    await filled(place)
    repair = await replaced(place, b"one", other)
    assert await faults(place) == [fault]
    assert (await place.findings())[0].subject == str(Digest.of(b"one"))
    await repair()
    assert await faults(place) == []


async def test_a_stray_object_is_found(place: Place) -> None:
    await filled(place)
    key = fresh_key()
    writer = await place.storage.create(key)
    await writer.write([b"stray"])
    await writer.finish()
    assert await faults(place) == [Fault.OBJECT_LEAKED]
    assert (await place.findings())[0].subject == key
    await place.storage.remove(key)


async def test_an_object_being_written_or_on_its_way_out_is_not_stray(place: Place) -> None:
    await filled(place)
    await place.push(b"gone")
    await place.delete_blob(b"gone")
    assert await faults(place) == []
    assert await place.leaving()


async def test_a_lost_part_of_an_upload_is_found(place: Place) -> None:
    await filled(place)
    [(key,)] = await place.rows("SELECT key FROM upload_parts")
    await place.storage.remove(Key(key))
    assert await faults(place) == [Fault.UPLOAD_BROKEN]
    writer = await place.storage.create(Key(key))
    await writer.write([b"part"])
    await writer.finish()


async def test_a_lost_reference_is_found(place: Place) -> None:
    body = await filled(place)
    lost = await place.rows(
        "SELECT r.manifest_id, r.repository_id, r.blob_id FROM manifest_blobs r"
        " JOIN manifests m ON m.id = r.manifest_id"
        " JOIN repositories p ON p.id = m.repository_id JOIN blobs b ON b.id = r.blob_id"
        " WHERE m.digest = ? AND p.name = 'library/hello' AND b.digest = ?",
        Digest.of(body).packed,
        Digest.of(b"one").packed,
    )
    await place.run("DELETE FROM manifest_blobs WHERE manifest_id = ? AND blob_id = ?", lost[0][0], lost[0][2])
    assert await faults(place) == [Fault.REFERENCE_MISSING]
    found = (await place.findings())[0]
    assert found.subject == f"library/hello@{Digest.of(body)}"
    assert str(Digest.of(b"one")) in found.sentence
    await place.run("INSERT INTO manifest_blobs (manifest_id, repository_id, blob_id) VALUES (?, ?, ?)", *lost[0])
    await place.run("UPDATE repository_blobs SET visible = FALSE WHERE repository_id = ? AND blob_id = ?", *lost[0][1:])
    assert Fault.REFERENCE_MISSING in await faults(place)
    await place.run("UPDATE repository_blobs SET visible = TRUE")
    assert await faults(place) == []


async def test_a_lost_child_is_found_unless_indexes_may_be_sparse(place: Place) -> None:
    child = await place.push_image(b"one")
    await place.put(index(child), "all")
    await place.run("UPDATE manifests SET deleted_at = 1 WHERE digest = ?", Digest.of(child).packed)
    assert await faults(place) == [Fault.REFERENCE_MISSING]
    assert await faults(place.ruled(sparse_indexes=True)) == []
    await place.run("UPDATE projects SET sparse_indexes = TRUE")
    assert await faults(place) == []
    await place.run("UPDATE projects SET sparse_indexes = FALSE")
    assert await faults(place.ruled(sparse_indexes=True)) == [Fault.REFERENCE_MISSING]
    await place.run("UPDATE manifests SET deleted_at = NULL")


@pytest.mark.parametrize("damage", [image(b"{}", b"other"), b"", b"{}", b"\xff"])
async def test_a_damaged_manifest_is_found(place: Place, damage: bytes) -> None:
    body = await filled(place)
    await place.run("UPDATE manifests SET body = ? WHERE digest = ?", damage, Digest.of(body).packed)
    assert set(await faults(place)) == {Fault.MANIFEST_CORRUPT}
    await place.run("UPDATE manifests SET body = ? WHERE digest = ?", body, Digest.of(body).packed)


async def test_a_tag_that_names_nothing_is_found(place: Place) -> None:
    body = await place.push_image(b"one", tag="latest")
    await place.run("UPDATE manifests SET deleted_at = 1")
    assert await faults(place) == [Fault.TAG_DANGLING]
    assert (await place.findings())[0].subject == "library/hello:latest"
    await place.run("UPDATE manifests SET deleted_at = NULL")
    assert await faults(place) == []
    assert (await place.manifests.get(await place.grant(), Digest.of(body))).body == body


async def test_every_damage_is_told_not_only_the_first(place: Place) -> None:
    await filled(place)
    repairs = [await replaced(place, b"one", None), await replaced(place, b"two" * 1000, b"?" * 3000)]
    key = fresh_key()
    writer = await place.storage.create(key)
    await writer.finish()
    assert sorted(await faults(place)) == sorted([Fault.BLOB_MISSING, Fault.BLOB_CORRUPT, Fault.OBJECT_LEAKED])
    for repair in repairs:
        await repair()
    await place.storage.remove(key)


async def test_more_than_one_page_of_everything_is_proven(place: Place) -> None:
    grant = await place.grant()
    for number in range(210):
        await place.uploads.put(grant, stream(b"%d" % number), Digest.of(b"%d" % number))
    await place.push(b"{}")
    for number in range(205):
        await place.put(image(b"{}", annotations={"n": str(number)}))
    assert await faults(place) == []
    repair = await replaced(place, b"209", None)
    assert await faults(place) == [Fault.BLOB_MISSING]
    await repair()


async def test_beside_a_registry_at_work_nothing_is_found_that_is_not_wrong(place: Place) -> None:
    """Between any two steps of the proof, something is pushed, deleted, collected and removed."""
    short = place.ruled(reader_grace=0)
    for number in range(5):
        await short.push_image(b"%d" % number, tag=f"v{number}")
    steps, turn = short.prover.prove(), 0
    async for step in steps:
        assert isinstance(step, Progress), step
        turn += 1
        for name in await short.tag_names():
            [(digest,)] = await short.rows(
                "SELECT m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id WHERE t.name = ?", name
            )
            await short.delete(Digest(digest))
            await short.push_image(b"%d %s" % (turn, name.encode()), tag=name)
        await short.let_time_pass(2 * short.rules.lease)
        await short.collect()
    assert turn > 3


async def test_damage_to_a_later_part_of_a_blob_is_found(place: Place) -> None:
    upload = await place.uploads.start(await place.grant())
    grant = await place.grant()
    for part in (b"one", b"two", b"three"):
        await place.uploads.append(grant, upload.id, stream(part))
    blob = await place.uploads.finish(grant, upload.id, None, Digest.of(b"onetwothree"))
    assert await faults(place) == []
    key = Key(blob.further[-1].key)
    for damage, fault in ((None, Fault.BLOB_MISSING), (b"thre", Fault.BLOB_CORRUPT), (b"THREE", Fault.BLOB_CORRUPT)):
        await place.storage.remove(key)
        if damage is not None:
            writer = await place.storage.create(key)
            await writer.write([damage])
            await writer.finish()
        assert await faults(place) == [fault], damage
    await place.storage.remove(key)
    writer = await place.storage.create(key)
    await writer.write([b"three"])
    await writer.finish()
