"""The programs that are driven, and what they answer."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

INSTALL = "script/install-clients"


@dataclass(frozen=True)
class Answer:
    """How one run of a program ended."""

    command: str
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that it wrote."""
        return self.out + self.err


class Refused(Exception):
    """A program ended with an error; the message holds its command and all that it wrote."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.command}\nended with {answer.code}:\n{answer.text}")
        self.answer = answer


def find(name: str) -> str:
    """The path of a program, from PATH or from the folder that script/install-clients fills. Fails the test without."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "entrepot-clients" / "bin"
    found = shutil.which(name) or shutil.which(name, path=str(cache))
    if found is None:
        pytest.fail(f"{name} is not on this machine. To install it, run as root: {INSTALL}", pytrace=False)
    return found


@dataclass(frozen=True)
class Program:
    """A program with the environment it is run in and the options that come before every command."""

    name: str
    environment: Mapping[str, str]
    options: Sequence[str] = ()

    def run(
        self, *arguments: str | Path, stdin: str | bytes = b"", timeout: float = 60, cwd: Path | None = None
    ) -> Answer:
        """What it answered. Raises Refused if it ended with an error, TimeoutExpired after `timeout` seconds."""
        ended = subprocess.run(
            self.command(*arguments),
            env=self._whole_environment(),
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=timeout,
            cwd=cwd,
            check=False,
        )
        out, err = ended.stdout.decode(errors="replace"), ended.stderr.decode(errors="replace")
        answer = Answer(" ".join(map(str, (self.name, *arguments))), ended.returncode, out, err)
        if ended.returncode != 0:
            raise Refused(answer)
        return answer

    def read(self, *arguments: str | Path, timeout: float = 60) -> bytes:
        """What the program wrote to its standard output, as bytes. Raises as `run` does."""
        ended = subprocess.run(
            self.command(*arguments), env=self._whole_environment(), capture_output=True, timeout=timeout, check=False
        )
        if ended.returncode != 0:
            command = " ".join(map(str, (self.name, *arguments)))
            raise Refused(Answer(command, ended.returncode, "", ended.stderr.decode(errors="replace")))
        return ended.stdout

    def start(self, *arguments: str | Path, log: Path, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        """The process of a program that goes on running, in a process group of its own; it writes to `log`."""
        with log.open("wb") as output:
            return subprocess.Popen(
                self.command(*arguments),
                env=self._whole_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=cwd,
                start_new_session=True,
            )

    def command(self, *arguments: str | Path) -> list[str]:
        """The words of the command line."""
        return [find(self.name), *self.options, *map(str, arguments)]

    def _whole_environment(self) -> dict[str, str]:
        # A proxy or a registry's password of the caller's shell would make the test about something else.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "JAVA_HOME") if name in os.environ}
        return kept | dict(self.environment)
