"""jib, as Maven runs it: it pushes, and pulls only its base image."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from .program import Answer, Program, Refused
from .server import Server

PLUGIN = "3.5.1"
"""The version of jib-maven-plugin; script/install-clients fetches the same."""
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>example</groupId><artifactId>app</artifactId><version>1</version>
  <build><plugins><plugin>
    <groupId>com.google.cloud.tools</groupId><artifactId>jib-maven-plugin</artifactId><version>{PLUGIN}</version>
  </plugin></plugins></build>
</project>
"""
RESOURCES = "app/resources/"
"""The folder of jib's images that holds the project's files."""
BUILD_SECONDS = 240


class Jib:
    """One project that jib makes images of. What jib has learnt is kept in the project's own folder."""

    def __init__(self, server: Server, home: Path) -> None:
        self._server = server
        self._home = home
        self._user, self._password = server.user, server.password
        self.program = Program("mvn", {"MAVEN_OPTS": "-XX:TieredStopAtLevel=1"}, ("-B", "-ntp"))
        (home / "pom.xml").write_text(POM)

    def login(self, user: str, password: str) -> None:
        """Remembers who it is, without asking the registry."""
        self._user, self._password = user, password

    def push(self, reference: str, files: Mapping[str, bytes], *options: str) -> Answer:
        """Builds an image of the files (base: scratch, unless options say otherwise) and pushes it."""
        self._write(files)
        return self.program.run(*self._arguments(reference, options), cwd=self._home, timeout=BUILD_SECONDS)

    def start_push(self, reference: str, files: Mapping[str, bytes]) -> subprocess.Popen[bytes]:
        """The process of such a push, under way."""
        self._write(files)
        return self.program.start(*self._arguments(reference, ()), cwd=self._home, log=self._home / "mvn.log")

    def end_push(self, process: subprocess.Popen[bytes]) -> None:
        """Returns when that push is done. Raises Refused if it failed."""
        code = process.wait(BUILD_SECONDS)
        if code != 0:
            raise Refused(Answer("mvn jib:build", code, (self._home / "mvn.log").read_text(errors="replace"), ""))

    def _write(self, files: Mapping[str, bytes]) -> None:
        classes = self._home / "target" / "classes"
        classes.mkdir(parents=True, exist_ok=True)
        for old in classes.iterdir():
            old.unlink()
        for name, data in files.items():
            (classes / name).write_bytes(data)

    def _arguments(self, reference: str, options: tuple[str, ...]) -> list[str]:
        settings = {
            "jib.from.image": "scratch",
            "jib.to.image": reference,
            "jib.container.mainClass": "example.Main",
            "jib.allowInsecureRegistries": "true",
            "sendCredentialsOverHttp": "true",
            "jib.applicationCache": f"{self._home}/cache/application",
            "jib.baseImageCache": f"{self._home}/cache/base",
            "jib.console": "plain",
        }
        if self._user:
            for side in ("to", "from"):
                settings |= {f"jib.{side}.auth.username": self._user, f"jib.{side}.auth.password": self._password}
        settings |= dict(option.split("=", 1) for option in options)
        return ["jib:build", *(f"-D{name}={value}" for name, value in settings.items())]
