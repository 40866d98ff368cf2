"""Search and the palette: what is found, by whom, and pasted references."""

import pytest
from furnish import Made
from house import Harbor
from reader import Readers

from entrepot.db.contract import Transaction
from entrepot.registry.finding import digest_bounds
from entrepot.web.pages.search import pasted


async def test_everything_is_found_by_who_may_know_of_it(reader: Readers, made: Made) -> None:
    owner, stranger, admin = [await reader().sign_in(name) for name in ("owner", "stranger", "admin")]
    digest = made.facts["second"]
    for query, shown in (
        ("app", 'href="/own/app"'),
        ("1.1", 'href="/own/app:1.1"'),
        ("release", 'href="/own/app:release-1"'),
        (digest, f'href="/own/app@{digest}"'),
        (digest[7:14], f'href="/own/app@{digest}"'),
        (digest[:20].upper(), f'href="/own/app@{digest}"'),
        ("checked", 'href="/own"'),
    ):
        assert shown in (await owner.get("/-/search", params={"q": query})).text, query
        assert shown in (await admin.get("/-/search", params={"q": query})).text, query
        assert shown not in (await stranger.get("/-/search", params={"q": query})).text, query
        assert shown not in (await reader().get("/-/search", params={"q": query})).text, query
    assert "?q=reader-own" in (await admin.get("/-/search?q=reader")).text
    assert "?q=reader-own" not in (await owner.get("/-/search?q=reader")).text


@pytest.mark.usefixtures("made")
async def test_what_is_deleted_is_not_found(reader: Readers, harbor: Harbor) -> None:
    admin = await reader().sign_in("admin")
    tools = "/projects/own/repositories/tools%252Flong-name-of-a-repository-somewhere"
    digest = (await harbor("admin").get(f"{tools}/artifacts"))[0]["digest"]
    assert f"@{digest}" in (await admin.get("/-/search", params={"q": digest})).text
    assert ":v1" in (await admin.get("/-/search?q=v1")).text
    assert (await harbor("admin")("DELETE", tools)).status_code == 200
    assert f"@{digest}" not in (await admin.get("/-/search", params={"q": digest})).text
    assert ":v1" not in (await admin.get("/-/search?q=v1")).text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("own/app", "/own/app"),
        ("own/app:1.1", "/own/app:1.1"),
        ("registry.test/own/app:1.1", "/own/app:1.1"),
        ("docker pull registry.test/own/app:1.1", "/own/app:1.1"),
        ("https://registry.test/own/app", "/own/app"),
        ("oras pull  registry.test/own/app:1.1 ", "/own/app:1.1"),
    ],
)
async def test_a_pasted_reference_leads_to_its_page(reader: Readers, made: Made, text: str, place: str) -> None:
    owner, stranger = await reader().sign_in("owner"), await reader().sign_in("stranger")
    answer = await owner.get("/-/search", params={"q": text})
    assert (answer.status_code, answer.headers.get("location")) == (303, place)
    assert (await stranger.get("/-/search", params={"q": text})).status_code == 200
    assert place in {one["href"] for one in (await owner.get("/-/palette", params={"q": text})).json()}


@pytest.mark.parametrize("text", ["", "%", "\0\0", "'; --", "a" * 5000, "../..", "own/none", "<script>x</script>", "﷽"])
async def test_odd_texts(reader: Readers, text: str) -> None:
    admin = await reader().sign_in("admin")
    page = await admin.get("/-/search", params={"q": text})
    assert page.status_code == 200
    assert "<script>x" not in page.text
    assert (await admin.get("/-/palette", params={"q": text})).status_code == 200


async def test_the_palette_offers_pages_by_right_and_language(reader: Readers) -> None:
    owner, admin, nobody = await reader().sign_in("owner"), await reader().sign_in("admin"), reader()
    hrefs = {one["href"] for one in (await admin.get("/-/palette?q=")).json()}
    assert {"/", "/-/jobs", "/-/admin/users", "/-/account"} <= hrefs
    hrefs = {one["href"] for one in (await owner.get("/-/palette?q=")).json()}
    assert "/-/account" in hrefs
    assert "/-/jobs" not in hrefs
    assert {one["href"] for one in (await nobody.get("/-/palette?q=")).json()} == {"/"}
    found = (await admin.get("/-/palette?q=任务", headers={"accept-language": "zh"})).json()
    assert "/-/jobs" in {one["href"] for one in found}


def test_what_is_the_beginning_of_a_digest() -> None:
    assert digest_bounds("abc12") is None
    assert digest_bounds("nothexa") is None
    assert digest_bounds("sha256:" + "a" * 65) is None
    assert digest_bounds("abcdef1") == (
        b"\x01" + bytes.fromhex("abcdef10" + "0" * 56),
        b"\x01" + bytes.fromhex("abcdef1f" + "f" * 56),
    )


def test_what_is_no_reference() -> None:
    assert pasted("see shop/api", "hub") == ""
    assert pasted("/-/admin/users", "hub") == ""
    assert pasted("   ", "hub") == ""


async def test_a_part_of_any_name_is_found_however_many_came_since(reader: Readers, harbor: Harbor) -> None:
    project_id = (await harbor("admin").get("/projects/own"))["project_id"]

    def fill(tx: Transaction) -> None:
        for number in range(6000):
            name = "own/first/harbour-crane" if number == 0 else f"own/later/{number}"
            tx.run(
                "INSERT INTO repositories (project_id, name, description, pull_count, created_at, updated_at, live)"
                " VALUES (?, ?, '', 0, 0, 0, TRUE)",
                project_id,
                name,
            )

    await harbor.whole.db.write(fill)
    owner, stranger = await reader().sign_in("owner"), await reader().sign_in("stranger")
    for part in ("bour-CR", "crane", "first/harbour"):
        assert 'href="/own/first/harbour-crane"' in (await owner.get("/-/search", params={"q": part})).text, part
        assert "harbour-crane</a>" not in (await stranger.get("/-/search", params={"q": part})).text, part
    assert "harbour-crane" not in (await owner.get("/-/search", params={"q": "bour_cr"})).text
