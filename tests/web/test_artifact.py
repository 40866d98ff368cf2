"""An artifact's pages: commands, what is in it, configuration, manifest, tags, labels, holds; hostile values."""

import json
import re

import pytest
from furnish import Made, push_whole
from house import Harbor
from pushing import IMAGE, push_blob, push_image, push_manifest
from reader import Reader, Readers

from entrepot.web.hexadecimal import dump, mode
from entrepot.web.inert import inert, linked, pretty

REPOSITORY = "own/app"


@pytest.fixture
async def admin(made: Made, reader: Readers) -> Reader:
    return await reader().sign_in("admin")


async def test_commands_name_the_registry_the_tag_and_the_digest(admin: Reader, made: Made) -> None:
    page = await admin.get(f"/{REPOSITORY}:latest")
    assert f"docker pull registry.test/{REPOSITORY}:latest" in page.text
    assert f"docker pull registry.test/{REPOSITORY}@{made.facts['second']}" in page.text
    for client, command in (
        ("podman", "podman pull"),
        ("containerd", "nerdctl pull"),
        ("kubernetes", "containers:"),
        ("crane", "crane pull"),
        ("evil", "docker pull"),
    ):
        assert command in (await admin.get(f"/{REPOSITORY}:latest?client={client}")).text
    chart = await admin.get("/own/charts/shop:0.3.1")
    assert "helm pull oci://registry.test/own/charts/shop --version 0.3.1" in chart.text


async def test_what_is_in_an_index_and_what_is_attached_to_a_part(admin: Reader, made: Made) -> None:
    page = await admin.get(f"/{REPOSITORY}:both")
    assert "linux/amd64" in page.text
    assert f"/{REPOSITORY}@{made.facts['signature']}" in page.text
    assert f"/{REPOSITORY}@{made.facts['sbom']}" in page.text
    part = await admin.get(f"/{REPOSITORY}@{made.facts['second']}")
    assert f"/{REPOSITORY}@{made.facts['index']}" in part.text
    sbom = await admin.get(f"/{REPOSITORY}@{made.facts['sbom']}")
    assert f"/{REPOSITORY}@{made.facts['second']}" in sbom.text


async def test_why_it_is_kept(admin: Reader) -> None:
    page = await admin.get(f"/{REPOSITORY}:1.0")
    assert "case 12" in page.text
    assert "matching release-*" in page.text


async def test_the_configuration_of_an_image_and_of_a_part_of_an_index(admin: Reader, made: Made) -> None:
    page = await admin.get(f"/{REPOSITORY}:latest/-/config")
    for text in ("/usr/bin/serve", "--port", "PORT", "8080/tcp", "1000", "COPY etc/release", "CMD [serve]"):
        assert text in page.text
    page = await admin.get(f"/{REPOSITORY}:both/-/config?of={made.facts['second']}")
    assert "CMD [serve]" in page.text
    assert (await admin.get(f"/{REPOSITORY}:both/-/config?of={made.facts['first']}")).status_code == 400
    assert (await admin.get(f"/{REPOSITORY}:both/-/config?of=x")).status_code == 400


async def test_the_manifest_leads_on_and_is_given_as_it_was_pushed(admin: Reader, made: Made) -> None:
    page = await admin.get(f"/{REPOSITORY}:both/-/manifest")
    assert f'<a href="/{REPOSITORY}@{made.facts["second"]}">{made.facts["second"]}</a>' in page.text
    raw = await admin.get(f"/{REPOSITORY}:both/-/manifest/raw")
    assert json.loads(raw.content)["schemaVersion"] == 2
    assert "sandbox" in raw.headers["content-security-policy"]
    assert "attachment" in raw.headers["content-disposition"]


async def test_a_chart_shows_its_notes_and_values(admin: Reader) -> None:
    page = await admin.get("/own/charts/shop:0.3.1/-/addition/readme.md")
    assert "<h1>Shop</h1>" in page.text
    assert "<script>alert" not in page.text
    assert "replicas: 2" in (await admin.get("/own/charts/shop:0.3.1/-/addition/values.yaml")).text
    assert "redis" in (await admin.get("/own/charts/shop:0.3.1/-/addition/dependencies")).text
    assert (await admin.get("/own/charts/shop:0.3.1/-/addition/passwd")).status_code == 400


async def test_a_tag_is_added_and_moved_only_if_that_is_wanted(admin: Reader, made: Made) -> None:
    answer = await admin.post(f"/{REPOSITORY}@{made.facts['untagged']}/-/tags", {"tag": "fresh"})
    assert answer.headers["location"] == f"/{REPOSITORY}:fresh"
    taken = {"tag": "1.1"}
    assert (await admin.post(f"/{REPOSITORY}:fresh/-/tags", taken)).status_code == 409
    assert (await admin.post(f"/{REPOSITORY}:fresh/-/tags", {**taken, "move": "1"})).status_code == 303
    history = (await admin.get(f"/{REPOSITORY}/-/history?tag={taken['tag']}")).text
    assert "moved" in history
    assert "rolled back" not in history
    assert made.facts["untagged"] in (await admin.get(f"/{REPOSITORY}:1.1")).text
    assert (await admin.post(f"/{REPOSITORY}:fresh/-/tags", {"tag": "release-1", "move": "1"})).status_code in (
        409,
        412,
    )
    assert (await admin.post(f"/{REPOSITORY}:fresh/-/tags", {"tag": "a b"})).status_code == 400


@pytest.mark.parametrize("page", ["", "/-/config", "/-/manifest", "/-/layers", "/-/file?path=x"])
async def test_what_is_not_there_is_not_there(admin: Reader, page: str) -> None:
    assert (await admin.get(f"/{REPOSITORY}:none{page}")).status_code == 404
    assert (await admin.get(f"/{REPOSITORY}@sha256:{'0' * 64}{page}")).status_code == 404


async def test_anybody_sees_a_public_image_and_no_button(harbor: Harbor, reader: Readers) -> None:
    await push_image(harbor("admin"), "public/app", "1")
    page = await reader().get("/public/app:1")
    assert page.status_code == 200
    assert '<button class="btn">Add' not in page.text
    assert "Delete…" not in page.text


async def test_hostile_values_are_text_and_do_not_flood_the_page(harbor: Harbor, admin: Reader) -> None:
    client = harbor("admin")
    empty = await push_blob(client, REPOSITORY, b"{}")
    body = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "artifactType": "application/vnd.<b>x</b>+json",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": empty, "size": 2},
        "layers": [],
        "annotations": {"<script>alert(1)</script>": "\u202e</pre><script>", "long": "y" * 100_000},
    }
    await push_manifest(client, REPOSITORY, "odd", body)
    evil = {"<img src=x onerror=alert(1)>": "</details><script>alert(2)</script>"}
    await push_whole(client, REPOSITORY, "labelled", {"a": b"1"}, **evil)
    for path in (":odd", ":odd/-/manifest", ":labelled", ":labelled/-/config"):
        text = (await admin.get(f"/{REPOSITORY}{path}")).text
        for raw in ("<script>alert", "<img src=x", "\u202e", "<b>x"):
            assert raw not in text, (path, raw)
        assert len(text) < 300_000


def test_texts_are_made_inert() -> None:
    assert inert("a\u202eb\x00c\ud800") == "a\\u202eb\\u0000c\\ud800"
    assert inert("x" * 5000, 10) == "x" * 10 + "…"
    assert pretty(b'{"a":[1]}', 100) == ('{\n  "a": [\n    1\n  ]\n}', False)
    assert pretty(b"[" * 100_000, 50)[1]
    assert pretty(b"\xff<", 50) == ("\ufffd<", False)
    digest = "sha256:" + "a" * 64
    assert linked(f"<{digest}>", {digest: "/x?a=1&b"}) == f'&lt;<a href="/x?a=1&amp;b">{digest}</a>&gt;'


def test_bytes_and_modes_as_people_read_them() -> None:
    assert dump(b"AB\x00", 16) == "00000010  41 42 00                                          AB."
    assert mode(0o4755, "-") == "-rwsr-xr-x"
    assert mode(0o1776, "d") == "drwxrwxrwT"
    assert mode(0o644, "l") == "lrw-r--r--"


def test_no_image_is_marked_up_twice() -> None:
    assert re.search("&amp;lt;", str(linked("<", {}))) is None
