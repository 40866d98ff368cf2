"""crane."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from .files import to_tar
from .layout import Layout
from .program import Program
from .server import Server


class Crane:
    """One person's crane."""

    asks_at_login = False

    def __init__(self, server: Server, home: Path) -> None:
        self._server = server
        self._home = home
        self.program = Program("crane", {"DOCKER_CONFIG": str(home / "config")})

    def login(self, user: str, password: str) -> None:
        self.program.run("auth", "login", "-u", user, "--password-stdin", self._server.address, stdin=password)

    def push(self, reference: str, files: Mapping[str, bytes]) -> None:
        self.push_layers(reference, files)

    def pull(self, reference: str) -> dict[str, bytes]:
        return self.pull_layout(reference).files()

    def push_layers(self, reference: str, *layers: Mapping[str, bytes]) -> None:
        """Pushes an image from scratch with one layer for each of `layers`."""
        folder = Path(tempfile.mkdtemp(dir=self._home))
        named = []
        for number, files in enumerate(layers):
            path = folder / f"{number}.tar"
            path.write_bytes(to_tar(files))
            named += ["-f", str(path)]
        self.program.run("append", "--oci-empty-base", *named, "-t", reference)

    def push_layout(self, layout: Layout, reference: str) -> None:
        """Pushes what the layout holds, which is an index."""
        # crane pushes index.json itself, so the index takes its place.
        folder = Path(tempfile.mkdtemp(dir=self._home))
        (folder / "blobs").symlink_to(layout.folder / "blobs")
        (folder / "oci-layout").write_bytes((layout.folder / "oci-layout").read_bytes())
        (folder / "index.json").write_bytes(layout.blob(layout.top()["digest"]))
        self.program.run("push", "--index", folder, reference)

    def pull_layout(self, reference: str, *options: str) -> Layout:
        """A layout of what it pulled: of an index all of it, unless options say otherwise."""
        layout = Layout(Path(tempfile.mkdtemp(dir=self._home)))
        self.program.run("pull", "--format=oci", *options, reference, layout.folder)
        return layout

    def digest(self, reference: str) -> str:
        """The digest that a reference names."""
        return self.program.run("digest", reference).out.strip()

    def copy(self, source: str, target: str) -> None:
        """Copies, mounting blobs where the registry is the same."""
        self.program.run("copy", source, target)

    def delete(self, reference: str) -> None:
        """Deletes by tag or by digest, whichever the reference holds."""
        self.program.run("delete", reference)

    def validate(self, reference: str) -> None:
        """Downloads everything of an image and checks it. Raises Refused if anything is wrong."""
        self.program.run("validate", "--remote", reference)
