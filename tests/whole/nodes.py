"""Registries that run as processes, and a small client for them that speaks HTTP by hand where that is the point."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

SOURCE = Path(__file__).parents[2] / "src"
PASSWORD = "Correct-Horse-Battery-9"
PLAIN = False
"""For `verify`, where there is no TLS: reading all the certificates of the world takes longer than most requests."""
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Node:
    """One `entrepot serve`; settings are given as in the environment, without the prefix."""

    def __init__(self, data: Path, log_to: str | None = None, **settings: str) -> None:
        self.data = data
        self.log = Path(log_to or Path(tempfile.mkdtemp(prefix="entrepot-node-")) / "log")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = {"workers": "1", "admin_password": PASSWORD} | settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Node":
        """Returns itself when the registry is ready."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
        settings = {f"ENTREPOT_{name.upper()}": value for name, value in self._settings.items()}
        command = [sys.executable, "-m", "entrepot", "serve", "--data", str(self.data)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--listen", f"127.0.0.1:{self.port}"],
                env=inherited | settings | {"PYTHONPATH": str(SOURCE)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 40
        while not self._ready():
            assert self._process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.05)
        return self

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2, verify=PLAIN).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """The exit code after SIGTERM."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def kill(self) -> None:
        """Ends the parent and every worker with SIGKILL."""
        assert self._process is not None
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)

    def check(self) -> subprocess.CompletedProcess[str]:
        """`entrepot check --json` on this node's database and store."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
        settings = {f"ENTREPOT_{name.upper()}": value for name, value in self._settings.items()}
        return subprocess.run(
            [sys.executable, "-m", "entrepot", "check", "--json", "--data", str(self.data)],
            env=inherited | settings | {"PYTHONPATH": str(SOURCE)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def client(self) -> httpx.Client:
        """An HTTP client signed in as the administrator, by Basic."""
        return httpx.Client(base_url=self.url, auth=("admin", PASSWORD), timeout=60, trust_env=False, verify=PLAIN)


def digest_of(content: bytes) -> str:
    """`sha256:…`"""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def push_blob(client: httpx.Client, repository: str, content: bytes) -> str:
    """The digest of the blob, pushed by POST and PUT."""
    location = client.post(f"/v2/{repository}/blobs/uploads/").raise_for_status().headers["location"]
    digest = digest_of(content)
    answer = client.put(location, params={"digest": digest}, content=content)
    assert answer.status_code == 201, answer.text
    return digest


def image_of(*layers: bytes) -> bytes:
    """An image manifest with an empty configuration and these layers."""
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": digest_of(b"{}"),
                "size": 2,
            },
            "layers": [
                {
                    "mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": digest_of(layer),
                    "size": len(layer),
                }
                for layer in layers
            ],
        }
    ).encode()


def push_image(client: httpx.Client, repository: str, tag: str, *layers: bytes) -> str:
    """The digest of the manifest."""
    for content in (b"{}", *layers):
        push_blob(client, repository, content)
    body = image_of(*layers)
    answer = client.put(f"/v2/{repository}/manifests/{tag}", content=body, headers={"content-type": OCI_MANIFEST})
    assert answer.status_code == 201, answer.text
    return digest_of(body)
