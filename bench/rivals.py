"""The registries Entrepot is measured against, and nginx as the limit of what serving files can cost.

Each runs with its usual settings, but for its log, which is held to errors, so that writing lines for each request is
not what is compared. distribution 3, docker-registry and zot (`commit`) sync uploads to disk, as Entrepot does.
"""

import json
import os
import re
import secrets
from pathlib import Path

from bench import long
from bench.content import MANIFEST_TYPE, REPOSITORY, Content
from bench.servers import Command, Server, output_of
from bench.tokens import NAME, KeyName

SERVICE = "bench"


class _TokenRegistry(Server):
    """distribution in either major version: the same settings file, another way to name keys."""

    key_name: KeyName
    offers = frozenset({"pushes", "lists"})

    def lengthen(self) -> None:
        """Nothing; the files of as many tags and repositories as `bench.long` says are there."""
        long.write_files(self.data / "docker" / "registry" / "v2")

    def _settings(self) -> Path:
        settings = {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(self.data)},
                "delete": {"enabled": True},
                "cache": {"blobdescriptor": "inmemory"},
            },
            "http": {"addr": f"127.0.0.1:{self.port}", "secret": secrets.token_hex(16)},
            "health": {"storagedriver": {"enabled": True, "interval": "10s", "threshold": 3}},
            "auth": {
                "token": {
                    "realm": self.issuer.realm(self.key_name),
                    "service": SERVICE,
                    "issuer": NAME,
                    "rootcertbundle": str(self.issuer.certificate),
                }
            },
        }
        path = self.home / "config.yml"
        path.write_text(json.dumps(settings, indent=2))  # JSON is YAML
        return path

    def command(self) -> Command:
        """`serve` with a settings file; version 3 would try to send traces unless told not to."""
        return Command(
            arguments=[str(self.program), "serve", str(self._settings())],
            environment={"OTEL_TRACES_EXPORTER": "none"},
        )


class Distribution(_TokenRegistry):
    """distribution 3, the registry the goals are measured by."""

    key = "distribution"
    key_name = "thumbprint"

    def title(self) -> str:
        """`distribution` and its version."""
        return f"distribution {_version(output_of(self.program, '--version'))}"


class DockerRegistry(_TokenRegistry):
    """distribution 2, as Debian packages it."""

    key = "docker-registry"
    key_name = "libtrust"

    def title(self) -> str:
        """`docker-registry` and its version."""
        return f"docker-registry {_version(output_of(self.program, '--version'))}"


class Zot(Server):
    """zot, without authentication: its own checks passwords with bcrypt for each request."""

    key = "zot"

    def title(self) -> str:
        """`zot` and its version."""
        return f"zot {_version(output_of(self.program, '--version'))} (no auth)"

    def command(self) -> Command:
        """`serve` with a settings file that makes it sync to disk, which it does not by itself."""
        settings = {
            "distSpecVersion": "1.1.1",
            "storage": {"rootDirectory": str(self.data), "commit": True, "dedupe": True, "gc": True},
            "http": {"address": "127.0.0.1", "port": str(self.port)},
            "log": {"level": "error"},
        }
        path = self.home / "config.json"
        path.write_text(json.dumps(settings, indent=2))
        return Command(arguments=[str(self.program), "serve", str(path)])


class Nginx(Server):
    """nginx with the content as plain files: no registry, no authentication, the least that HTTP costs."""

    key = "nginx"
    offers = frozenset()

    def title(self) -> str:
        """`nginx` and its version."""
        return f"nginx {_version(output_of(self.program, '-v'))} (files)"

    def command(self) -> Command:
        """nginx in the foreground, with sendfile and a cache of open files."""
        path = self.home / "nginx.conf"
        folders = "\n".join(
            f"  {name}_temp_path {self.home}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        path.write_text(
            f"""daemon off;
{"user root;" if os.geteuid() == 0 else ""}
worker_processes {self.workers};
pid {self.home}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  open_file_cache max=1000;
  default_type application/octet-stream;
{folders}
  server {{
    listen 127.0.0.1:{self.port};
    root {self.data};
    location ~ /manifests/ {{ default_type {MANIFEST_TYPE}; }}
  }}
}}
"""
        )
        return Command(arguments=[str(self.program), "-c", str(path), "-e", "stderr", "-p", str(self.home)])

    def seed(self, content: Content) -> None:
        """Nothing; the content lies in files named as a registry's paths are."""
        manifests = self.data / "v2" / REPOSITORY / "manifests"
        blobs = self.data / "v2" / REPOSITORY / "blobs"
        manifests.mkdir(parents=True)
        blobs.mkdir()
        for image in (*content.small, content.large):
            for name in (image.tag, image.digest):
                (manifests / name).write_bytes(image.manifest)
            for blob in (image.config, *image.layers):
                with content.base.open("rb") as base, (blobs / blob.digest).open("wb") as file:
                    _copy(base.fileno(), file.fileno(), blob.head)
                    os.pwrite(file.fileno(), blob.tail, blob.head)


def _copy(source: int, target: int, count: int) -> None:
    start = 0
    while start < count:
        start += os.copy_file_range(source, target, count - start, start, start)


def _version(text: str) -> str:
    found = re.search(r"\d+\.\d+[\w.]*", text)
    return found[0] if found else "of unknown version"
