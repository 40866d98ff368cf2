"""The pages of layers and files, and of comparing images: what is shown before, while and after layers are read."""

import pytest
from furnish import Made, push_whole
from house import Harbor
from reader import Reader, Readers

from contracts.layers import ReadingJob
from entrepot.app import rules_of
from entrepot.db import jobs
from entrepot.db.contract import Transaction
from entrepot.model.job import Job, JobState
from entrepot.tasks.index_layers import IndexLayers

REPOSITORY = "own/app"
EVIL = "<img src=x onerror=alert(1)>\u202egnp"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)


@pytest.fixture
async def admin(made: Made, reader: Readers) -> Reader:
    return await reader().sign_in("admin")


async def work(harbor: Harbor) -> None:
    """Reads the layers that somebody asked for, as a worker would."""
    whole = harbor.whole

    def waiting(tx: Transaction) -> list[Job]:
        wanted = f"SELECT {jobs.COLUMNS} FROM jobs WHERE ended_at IS NULL AND kind = 'layer-index' ORDER BY id"
        return [jobs.job_of(row, tx.now) for row in tx.all(wanted)]

    for job in await whole.db.read(waiting):
        await IndexLayers(whole.db, whole.storage, rules_of(whole.settings)).run(ReadingJob(job))

        def ended(tx: Transaction, job_id: int = job.id) -> int:
            change = "UPDATE jobs SET state = ?, ended_at = ? WHERE id = ?"
            return tx.run(change, JobState.SUCCEEDED.value, tx.now, job_id)

        await whole.db.write(ended)


async def opened(harbor: Harbor, admin: Reader, reference: str) -> None:
    page = await admin.get(f"/{REPOSITORY}{reference}/-/layers")
    assert "waiting for a free worker" in page.text
    assert "data-again" in page.text
    await work(harbor)


async def test_layers_are_read_once_and_then_opened(harbor: Harbor, admin: Reader) -> None:
    await opened(harbor, admin, ":latest")
    page = await admin.get(f"/{REPOSITORY}:latest/-/layers")
    assert "data-again" not in page.text
    assert "COPY" in page.text
    for name in ("app/", "etc/", "usr/"):
        assert f">{name}</bdi>" in page.text
    assert "wasted by overwritten files" in page.text


async def test_a_directory_a_file_and_what_a_layer_did(harbor: Harbor, admin: Reader) -> None:
    await opened(harbor, admin, ":latest")
    page = await admin.get(f"/{REPOSITORY}:latest/-/layers?path=app&file=app/main.py")
    assert "<span>print(&#39;two&#39;)</span>" in page.text
    assert "-rw-r--r--" in page.text
    page = await admin.get(f"/{REPOSITORY}:latest/-/layers?layer=1&path=etc")
    assert 'class="del"' in page.text
    page = await admin.get(f"/{REPOSITORY}:latest/-/layers?layer=1&file=etc/motd&view=change")
    assert 'class="minus"' in page.text
    page = await admin.get(f"/{REPOSITORY}:latest/-/layers?file=usr/bin/serve")
    assert "00000000  7f 45 4c 46" in page.text
    assert "Go on" in page.text
    page = await admin.get(f"/{REPOSITORY}:latest/-/layers?file=etc/release&view=hex")
    assert "53 6d 61 6c 6c" in page.text


async def test_files_are_found_in_every_layer(harbor: Harbor, admin: Reader) -> None:
    await opened(harbor, admin, ":latest")
    page = await admin.get(f"/{REPOSITORY}:latest/-/layers?q=motd")
    assert "not seen by a container" in page.text
    assert "No file has that in its name." in (await admin.get(f"/{REPOSITORY}:latest/-/layers?q=zzz")).text


async def test_contents_are_given_where_they_can_do_nothing(harbor: Harbor, admin: Reader) -> None:
    page = b"<script>alert(1)</script>"
    await push_whole(harbor("admin"), REPOSITORY, "files", {EVIL: page, "a.png": PICTURE, "a.html": page})
    await opened(harbor, admin, ":files")
    for query in ("", "?file=a.html", "?q=img", "?layer=0"):
        shown = await admin.get(f"/{REPOSITORY}:files/-/layers{query}")
        assert shown.status_code == 200
        for raw in ("<img src=x", "<script>alert", "\u202e"):
            assert raw not in shown.text
    picture = await admin.get(f"/{REPOSITORY}:files/-/file?path=a.png")
    assert (picture.headers["content-type"], picture.content) == ("image/png", PICTURE)
    html = await admin.get(f"/{REPOSITORY}:files/-/file?path=a.html")
    assert html.headers["content-type"].startswith("text/plain")
    assert html.headers["content-disposition"].startswith("attachment")
    for answer in (picture, html):
        assert answer.headers["content-security-policy"].startswith("sandbox")
        assert answer.headers["x-content-type-options"] == "nosniff"


ODD = (
    "layer=99", "layer=-1", "layer=x", "path=none", "file=none", "path=../../etc", "file=%00", "start=99999999999999",
    "file=etc&start=5", "layer=0&file=app/main.py&view=change", "after=zzz", "q=" + "x" * 300, "of=x",
)  # fmt: skip


async def test_no_address_breaks_the_page(harbor: Harbor, admin: Reader) -> None:
    await opened(harbor, admin, ":latest")
    found = {
        f"{page}?{query}": (await admin.get(f"/{REPOSITORY}:latest/-/{page}?{query}")).status_code
        for query in ODD
        for page in ("layers", "file")
    }
    assert {address: status for address, status in found.items() if status not in (200, 400, 404)} == {}


async def test_what_has_no_layers_says_so(admin: Reader, made: Made) -> None:
    page = await admin.get(f"/{REPOSITORY}@{made.facts['signature']}/-/layers")
    assert page.status_code == 200


async def test_two_images_are_compared(harbor: Harbor, admin: Reader) -> None:
    page = await admin.get(f"/{REPOSITORY}/-/compare?to=latest")
    assert "Choose two tags or digests" in page.text
    page = await admin.get(f"/{REPOSITORY}/-/compare?from=1.0&to=1.1")
    assert "waiting for a free worker" in page.text
    await work(harbor)
    page = await admin.get(f"/{REPOSITORY}/-/compare?from=1.0&to=1.1")
    assert "app/main.py" in page.text
    assert "etc/motd" in page.text
    assert "Labels.version" in page.text
    assert "the same" in page.text


@pytest.mark.parametrize("query", ["from=x&to=none", "from=a%20b&to=1.0", "from=sha256:x&to=1.0"])
async def test_what_cannot_be_compared_is_refused(admin: Reader, query: str) -> None:
    assert (await admin.get(f"/{REPOSITORY}/-/compare?{query}")).status_code in (400, 404)
