"""What somebody does with images: pushing, opening, comparing, deleting, undoing, rolling back."""

import secrets
import tempfile
from pathlib import Path

from playwright.sync_api import expect

from clients.docker import Docker

from .person import Person

PUSH_SECONDS = 120.0
BASE = {"base.bin": secrets.token_bytes(3_000_000)}
"""The layer that all versions have."""


def push(docker: Docker, repository: str, tag: str, *layers: dict[str, bytes]) -> None:
    """Has docker build an image and push it. Raises Refused."""
    reference = f"{docker.address}/{repository}:{tag}"
    docker.build(reference, *layers)
    docker.program.run("push", reference, timeout=PUSH_SECONDS)


def digest_of(person: Person, project: str, tag: str) -> str:
    """What the tag names."""
    with person.api() as api:
        found = api.get(f"/projects/{project}/repositories/api/artifacts/{tag}").raise_for_status().json()
    return str(found["digest"])


def watch_a_first_push(person: Person, project: str) -> None:
    """The open page of the project shows the layer while it comes, and then the image."""
    page = person.page
    expect(page.get_by_text("No image is here yet")).to_be_visible()
    reference = f"{person.docker.address}/{project}/api:1.0"
    person.docker.build(reference, BASE, {"hello.txt": b"first\n", "same.txt": b"same\n"})
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        pushing = person.docker.program.start("push", reference, log=log)
        try:
            row = page.locator("#uploads tbody tr").first
            expect(row).to_contain_text("api")
            arrived = row.locator("td").nth(1)
            before = arrived.inner_text()
            expect(arrived).not_to_have_text(before)
            assert pushing.wait(PUSH_SECONDS) == 0, log.read_text()
        finally:
            pushing.kill()
            pushing.wait()
    expect(page.locator("#uploads")).to_have_count(0)
    expect(page.locator("a.name", has_text="api")).to_be_visible()


def open_files(person: Person, project: str) -> None:
    """From the project to the text of a file in the image."""
    page = person.page
    for text in ("api", "1.0"):
        person.come_to_row(text)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{text}")
    person.press_link("Layers and files")
    page.wait_for_url("**/-/layers")
    layers = page.locator("a.layer")
    expect(layers).to_have_count(2)
    person.press(layers.last)
    expect(layers.last).to_have_attribute("aria-current", "true")
    person.press(page.locator("[data-files] a[data-kind=folder]", has_text="content"))
    file = page.locator("[data-files] a[data-kind=file]", has_text="hello.txt")
    expect(file).to_be_focused()  # The first of what is in the folder.
    page.keyboard.press("Enter")
    expect(page.locator("pre.src")).to_have_text("first")


def compare(person: Person, project: str) -> None:
    """A second version beside the first: one layer is the same, one file differs."""
    page = person.page
    push(person.docker, f"{project}/api", "2.0", BASE, {"hello.txt": b"second\n", "same.txt": b"same\n"})
    person.open(f"/{project}/api")
    person.press_link("Compare")
    page.get_by_label("Before", exact=True).fill("1.0")
    page.get_by_label("After", exact=True).fill("2.0")
    page.get_by_label("After", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="1.0 → 2.0")).to_be_visible()
    files = page.locator("table.list", has=page.get_by_role("columnheader", name="File", exact=True)).locator(
        "tbody tr"
    )
    expect(files).to_have_count(1)
    expect(files).to_contain_text("content/hello.txt")
    expect(page.get_by_text("the same", exact=True)).to_have_count(1)


def delete_and_undo(person: Person, project: str) -> None:
    """A tag goes and comes back, to the same image."""
    page = person.page
    person.open(f"/{project}/api?show=tags")
    person.come_to_row("1.0")
    page.keyboard.press("x")
    person.press_button("Delete…")
    person.press_button("Delete 1 tag")
    person.sees("deleted")
    expect(page.locator("a.name", has_text="1.0")).to_have_count(0)
    person.press_button("Undo")
    person.sees("It is there again")
    expect(page.locator("a.name", has_text="1.0")).to_be_visible()


def roll_back(person: Person, project: str) -> None:
    """A tag that was moved goes back to what it named before."""
    page = person.page
    repository = f"{project}/api"
    push(person.docker, repository, "latest", BASE, {"hello.txt": b"good\n"})
    first = digest_of(person, project, "latest")
    push(person.docker, repository, "latest", BASE, {"hello.txt": b"broken\n"})
    assert digest_of(person, project, "latest") != first
    person.open(f"/{repository}/-/history?tag=latest")
    moves = page.locator("table.list tbody tr")
    before = moves.count()
    person.press(moves.get_by_role("button", name="Roll back to this").last)
    expect(moves).to_have_count(before + 1)
    expect(moves.first).to_contain_text("rolled back")
    assert digest_of(person, project, "latest") == first
