"""What the first screen says."""

import io
from pathlib import Path

from rich.console import Console

from entrepot.server.welcome import Welcome, print_welcome


def _printed(welcome: Welcome, *, terminal: bool, width: int = 120) -> str:
    file = io.StringIO()
    print_welcome(Console(file=file, force_terminal=terminal, width=width, color_system=None), welcome)
    return file.getvalue()


FIRST = Welcome(
    address="http://127.0.0.1:5000",
    data=Path("/srv/entrepot"),
    workers=2,
    password="made-up",
    password_file=Path("/srv/entrepot/admin-password"),
    certificate=None,
)
LATER = Welcome(
    address="http://127.0.0.1:5000", data=Path("/srv/x"), workers=2, password=None, password_file=None, certificate=None
)


def test_the_first_start_teaches_the_next_steps() -> None:
    for terminal in (True, False):
        printed = _printed(FIRST, terminal=terminal)
        for line in (
            "http://127.0.0.1:5000",
            "/srv/entrepot",
            "made-up",
            "kept in /srv/entrepot/admin-password",
            "docker login 127.0.0.1:5000 --username admin",
            "docker push 127.0.0.1:5000/library/hello-world",
        ):
            assert line in printed


def test_later_starts_are_short_and_show_no_password() -> None:
    printed = _printed(LATER, terminal=False)
    assert "http://127.0.0.1:5000" in printed
    assert "assword" not in printed
    assert "docker" not in printed


def test_a_certificate_made_here_comes_with_how_to_trust_it() -> None:
    certificate = Path("/srv/a-folder-with-a-very-long-name/that-is-longer-than-the-terminal/tls/certificate.pem")
    welcome = Welcome(
        address="https://localhost:5443",
        data=Path("/srv"),
        workers=1,
        password=None,
        password_file=None,
        certificate=certificate,
    )
    printed = _printed(welcome, terminal=True, width=60)
    folder = "/etc/docker/certs.d/localhost:5443"
    assert f"  sudo mkdir -p {folder} && sudo cp {certificate} {folder}/ca.crt\n" in printed
    assert f"  curl --cacert {certificate} https://localhost:5443/v2/\n" in printed
