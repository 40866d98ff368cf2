"""What somebody does with a project: making it, letting robots and people in, its limit, its end, its return."""

import secrets

import pytest
from playwright.sync_api import expect

from clients.docker import Docker
from clients.program import Refused

from .person import Person
from .walk_of_images import push

MEMBER, MEMBER_PASSWORD = "anna", "Quay-side-7281"


def make_project(person: Person, project: str) -> None:
    """From the first page to an empty project."""
    person.press_link("New project")
    person.page.wait_for_url("**/-/projects/new")
    person.page.keyboard.type(project)  # The name is where one begins.
    person.page.keyboard.press("Enter")
    person.sees(f"Project {project} is there.")


def add_member(person: Person, project: str) -> None:
    """Somebody who has an account gets a role."""
    person.server.create_user(MEMBER, MEMBER_PASSWORD)
    person.open(f"/{project}/-/members")
    find = person.page.locator("#who")
    find.fill(MEMBER)
    find.press("Enter")
    person.press_button("Add")
    person.sees(f"{MEMBER} is here now")


def make_robot(person: Person, project: str) -> tuple[str, str]:
    """The whole name and the secret of a robot, which is shown once."""
    page = person.page
    person.open(f"/{project}/-/robots")
    person.press_link("Make a robot")
    page.wait_for_url("**/robots/new")
    page.keyboard.type("builder")
    page.locator("input[name=may][value=push]").press("Space")
    person.press_button("Make the robot")
    shown = page.locator("main .cmd code")
    name, secret = shown.nth(0).inner_text(), shown.nth(1).inner_text()
    person.press_link("I have it")
    expect(page.locator("a.name", has_text=name)).to_be_visible()
    assert secret not in page.content()
    person.press_link(name)
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert secret not in page.content()
    return name, secret


def fill_the_project(person: Person, robot: Docker, project: str) -> None:
    """A limit that is nearly reached: docker is told why its push is refused, and the page how full it is."""
    page = person.page
    with person.api() as api:
        [quota] = [one for one in api.get("/quotas").json() if one["ref"]["name"] == project]
    used = quota["used"]["storage"]
    person.open(f"/{project}/-/quota")
    page.get_by_label("How much it may hold").fill(f"{used / 1e6 * 1.02:.3f}")
    page.get_by_label("Unit").select_option("MB")
    page.get_by_role("checkbox", name="No limit").press("Space")
    person.press_button("Save")
    person.sees("The limit is saved.")
    with pytest.raises(Refused, match=r"quota|room|limit"):
        push(robot, f"{project}/api", "3.0", {"noise.bin": secrets.token_bytes(used // 10)})
    expect(page.locator(".facts .meter.c")).to_be_visible()
    person.open(f"/{project}/api?show=tags")
    expect(page.locator("a.name", has_text="3.0")).to_have_count(0)
    robot.push(f"{robot.address}/{project}/api:small", {"hello.txt": b"small\n"})
    expect(page.locator("a.name", has_text="small")).to_be_visible()


def delete_project(person: Person, project: str) -> None:
    """Its name has to be typed; then nobody pulls from it."""
    person.open(f"/{project}/-/settings/delete")
    name = person.page.get_by_label("Type the name of the project, to be sure")
    name.fill(project)
    name.press("Enter")
    person.sees(f"Project {project} is deleted.")
    expect(person.page.locator("a.name", has_text=project)).to_have_count(0)
    with pytest.raises(Refused):
        person.docker.pull(f"{person.docker.address}/{project}/api:1.0")


def restore_project(person: Person, robot: Docker, project: str, robot_name: str) -> None:
    """From the trash: with its members, robots and images."""
    page = person.page
    person.press_link("Admin")
    person.press_link("Trash")
    row = page.locator("table.list tbody tr", has_text=project).filter(has_text="Project")
    person.press(row.get_by_role("button", name="Restore"))
    person.sees(f"{project} is there again.")
    person.open(f"/{project}/-/members")
    expect(page.locator("table.list tbody tr", has_text=MEMBER)).to_be_visible()
    person.open(f"/{project}/-/robots")
    expect(page.locator("table.list tbody tr", has_text=robot_name)).to_contain_text("active")
    person.open(f"/{project}/api?show=tags")
    for tag in ("1.0", "2.0", "latest", "small"):
        expect(page.get_by_role("link", name=tag, exact=True)).to_be_visible()
    files = robot.pull(f"{person.docker.address}/{project}/api:1.0")
    assert files["hello.txt"] == b"first\n"
