"""From a folder that is empty to a project that came back from the trash: in one go, as a person would, with docker."""

import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from clients.docker import Daemon, Docker
from clients.server import Server

from . import walk_of_images as images
from . import walk_of_projects as projects
from .chromium import PATIENCE, Watch, look
from .person import Person
from .slow_line import SlowLine

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PROJECT = "harbour"
UPWARDS = 700_000
"""Bytes a second that docker's line carries: the first layer takes some seconds, as at home."""


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """A registry that was never started before, and was told nothing."""
    server = Server(tmp_path, password="")
    server.start()
    yield server
    assert server.stop() == 0, server.log_tail()


@pytest.fixture
def line(fresh: Server) -> Iterator[SlowLine]:
    """How docker comes to the registry."""
    line = SlowLine(fresh.address, UPWARDS)
    yield line
    line.close()


@pytest.fixture
def page(browser: Browser, fresh: Server) -> Iterator[Page]:
    """A page of somebody who is not signed in yet; nothing may go wrong on it."""
    context = browser.new_context(**look())
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    watch = Watch(opened, fresh.url)
    yield opened
    context.close()
    assert watch.wrong == []


def test_from_an_empty_folder_to_a_project_that_came_back(
    page: Page, fresh: Server, line: SlowLine, docker_daemon: Daemon
) -> None:
    fresh.password = made_password(fresh)
    with tempfile.TemporaryDirectory(prefix="home-") as one, tempfile.TemporaryDirectory(prefix="home-") as other:
        person = Person(page, fresh, Docker(fresh, Path(one), docker_daemon, address=line.address))
        robot = Docker(fresh, Path(other), docker_daemon, address=line.address)
        sign_in(person)
        projects.make_project(person, PROJECT)
        images.watch_a_first_push(person, PROJECT)
        images.open_files(person, PROJECT)
        images.compare(person, PROJECT)
        images.delete_and_undo(person, PROJECT)
        images.roll_back(person, PROJECT)
        projects.add_member(person, PROJECT)
        name, secret = projects.make_robot(person, PROJECT)
        robot.login(name, secret)
        projects.fill_the_project(person, robot, PROJECT)
        projects.delete_project(person, PROJECT)
        projects.restore_project(person, robot, PROJECT, name)
    assert fresh.log.read_text().count(fresh.password) == 1


def made_password(server: Server) -> str:
    """What the first start made: told at the terminal, and kept for the owner of the folder alone."""
    kept = server.data / "admin-password"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    password = kept.read_text().strip()
    deadline = time.monotonic() + PATIENCE / 1000
    while password not in server.log.read_text():
        assert time.monotonic() < deadline, server.log_tail()
        time.sleep(0.1)
    return password


def sign_in(person: Person) -> None:
    """With the form for it, where the name is where one begins; docker signs in too."""
    person.open("/-/sign-in")
    person.page.keyboard.type(person.server.user)
    person.page.keyboard.press("Tab")
    person.page.keyboard.type(person.server.password)
    person.page.keyboard.press("Enter")
    person.page.wait_for_url(f"{person.server.url}/")
    person.docker.login(person.server.user, person.server.password)
