"""What is printed when the registry is up: where it is, and the first commands to try."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """What there is to say."""

    address: str
    """The URL under which it answers."""
    data: Path
    workers: int
    password: str | None
    """The password made up for `admin` at this start; None if there was nothing to make up."""
    password_file: Path | None
    """Where that password is kept."""
    certificate: Path | None
    """The self-signed certificate that clients must be told to trust."""


def print_welcome(console: Console, welcome: Welcome) -> None:
    """Prints it: short at later starts, and with a way to begin at the first."""
    first = welcome.password is not None
    text = Text()
    _line(text, "Address", welcome.address)
    _line(text, "Data", str(welcome.data))
    _line(text, "Processes", str(welcome.workers))
    if welcome.password is not None:
        text.append("\n")
        _line(text, "User", "admin")
        _line(text, "Password", welcome.password)
        if welcome.password_file is not None:
            _line(text, "", f"kept in {welcome.password_file}")
    if welcome.certificate is not None:
        text.append("\n")
        _append_trust(text, welcome.address, welcome.certificate)
    if first:
        text.append("\n")
        _append_first_steps(text, welcome.address)
    text.rstrip()
    title = "Entrepot is running"
    # Lines that people copy must come out whole, so nothing is wrapped, and a frame is drawn only where they fit.
    widest = max(len(line) for line in text.plain.splitlines())
    if console.is_terminal and widest + 4 <= console.width:
        console.print(Panel(text, title=title, expand=False, padding=(1, 1), border_style="cyan"))
    else:
        console.print(f"{title}\n", highlight=False)
        console.print(text, soft_wrap=True, highlight=False)


def _line(text: Text, label: str, value: str) -> None:
    text.append(f"{label:<10}", style="dim")
    text.append(f"{value}\n", style="bold")


def _append_first_steps(text: Text, address: str) -> None:
    host = address.partition("://")[2]
    text.append("Push a first image:\n", style="dim")
    for command in (
        f"docker login {host} --username admin",
        f"docker tag hello-world {host}/library/hello-world",
        f"docker push {host}/library/hello-world",
    ):
        text.append(f"  {command}\n")


def _append_trust(text: Text, address: str, certificate: Path) -> None:
    host = address.partition("://")[2]
    folder = f"/etc/docker/certs.d/{host}"
    text.append("The certificate was made here. Let Docker trust it:\n", style="dim")
    text.append(f"  sudo mkdir -p {folder} && sudo cp {certificate} {folder}/ca.crt\n")
    text.append("and other programs:\n", style="dim")
    text.append(f"  curl --cacert {certificate} {address}/v2/\n")
