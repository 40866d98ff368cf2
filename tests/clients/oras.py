"""oras."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .layout import Layout
from .program import Program
from .server import Server

HTTP = "--plain-http"


class Oras:
    """One person's oras."""

    asks_at_login = True

    def __init__(self, server: Server, home: Path) -> None:
        self._server = server
        self._home = home
        self.program = Program("oras", {"DOCKER_CONFIG": str(home / "config"), "ORAS_CACHE": ""})

    def login(self, user: str, password: str) -> None:
        self.program.run("login", HTTP, "-u", user, "--password-stdin", self._server.address, stdin=password)

    def push(self, reference: str, files: Mapping[str, bytes]) -> None:
        folder = self._folder_of(files)
        kind = "--artifact-type=application/vnd.example.files"
        self.program.run("push", HTTP, kind, reference, *sorted(files), cwd=folder)

    def pull(self, reference: str) -> dict[str, bytes]:
        folder = Path(tempfile.mkdtemp(dir=self._home))
        self.program.run("pull", HTTP, "-o", folder, reference)
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    def attach(self, reference: str, artifact_type: str, files: Mapping[str, bytes], *annotations: str) -> str:
        """The digest of a new referrer of `reference` that holds the files."""
        named = [f"--annotation={annotation}" for annotation in annotations]
        arguments = ("--artifact-type", artifact_type, "--format=json", *named, reference, *sorted(files))
        answer = self.program.run("attach", HTTP, *arguments, cwd=self._folder_of(files))
        digest: str = json.loads(answer.out)["digest"]
        return digest

    def discover(self, reference: str, *options: str) -> list[dict[str, Any]]:
        """What refers to the reference, as oras reports it."""
        answer = json.loads(self.program.run("discover", HTTP, "--format=json", *options, reference).out)
        found: list[dict[str, Any]] = answer.get("referrers") or answer.get("manifests") or []
        return found

    def push_layout(self, layout: Layout, reference: str) -> None:
        """Pushes what the layout holds, all of it."""
        source = f"{layout.folder}@{layout.top()['digest']}"
        self.program.run("copy", "--from-oci-layout", "--to-plain-http", source, reference)

    def pull_layout(self, reference: str, *options: str) -> Layout:
        """A layout of what it pulled: of an index all of it, unless options say otherwise."""
        layout = Layout(Path(tempfile.mkdtemp(dir=self._home)))
        target = f"{layout.folder}:pulled"
        self.program.run("copy", "--from-plain-http", "--to-oci-layout", *options, reference, target)
        return layout

    def delete(self, reference: str) -> None:
        """Deletes the manifest, by the digest that the reference names."""
        self.program.run("manifest", "delete", HTTP, "--force", reference)

    def _folder_of(self, files: Mapping[str, bytes]) -> Path:
        folder = Path(tempfile.mkdtemp(dir=self._home))
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return folder
