"""skopeo."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from .layout import Layout
from .program import Program
from .server import Server


class Skopeo:
    """One person's skopeo."""

    asks_at_login = True

    def __init__(self, server: Server, home: Path) -> None:
        self._server = server
        self._home = home
        self.program = Program("skopeo", {"REGISTRY_AUTH_FILE": str(home / "auth.json")})

    def login(self, user: str, password: str) -> None:
        self.program.run(
            "login", "--tls-verify=false", "-u", user, "--password-stdin", self._server.address, stdin=password
        )

    def push(self, reference: str, files: Mapping[str, bytes]) -> None:
        layout = Layout(Path(tempfile.mkdtemp(dir=self._home)))
        layout.name(layout.add_image(files), "pushed")
        self.push_layout(layout, reference)

    def pull(self, reference: str) -> dict[str, bytes]:
        return self.pull_layout(reference).files()

    def push_layout(self, layout: Layout, reference: str, *options: str) -> None:
        """Pushes what the layout holds: of an index, all of it."""
        source, target = f"oci:{layout.folder}", f"docker://{reference}"
        self.program.run("copy", "--all", *options, "--dest-tls-verify=false", source, target)

    def pull_layout(self, reference: str, *options: str) -> Layout:
        """A layout of what it pulled: of an index the image for this machine, unless options say otherwise."""
        layout = Layout(Path(tempfile.mkdtemp(dir=self._home)))
        target = f"oci:{layout.folder}:pulled"
        self.program.run(*options, "copy", "--src-tls-verify=false", f"docker://{reference}", target)
        return layout

    def pull_all(self, reference: str) -> Layout:
        """A layout of an index with every image in it."""
        layout = Layout(Path(tempfile.mkdtemp(dir=self._home)))
        target = f"oci:{layout.folder}:pulled"
        self.program.run("copy", "--all", "--src-tls-verify=false", f"docker://{reference}", target)
        return layout

    def delete(self, reference: str) -> None:
        """Deletes by digest what the reference names, as skopeo does."""
        self.program.run("delete", "--tls-verify=false", f"docker://{reference}")

    def copy(self, source: str, target: str) -> None:
        """Copies an image from one reference to another."""
        tls = ("--src-tls-verify=false", "--dest-tls-verify=false")
        self.program.run("copy", "--all", *tls, f"docker://{source}", f"docker://{target}")
