"""harbor-cli of the University of Oslo: a command line for Harbor's management, written on harborapi."""

import json
from pathlib import Path
from typing import Any

from .program import Answer, Program
from .server import Server

CONFIGURATION = """
[harbor]
url = "{url}/api/v2.0"
username = "{user}"
secret = "{password}"
credentials_file = "{credentials}"

[harbor.retry]
enabled = false

[general]
confirm_deletion = false
confirm_enumeration = false

[output]
format = "json"
"""


class HarborCli:
    """One person's harbor-cli; it holds every answer against its models of what Harbor says."""

    def __init__(
        self, server: Server, home: Path, user: str = "", password: str = "", credentials: Path | None = None
    ) -> None:
        """`credentials` is the file that is handed out for a robot, in place of a name and a password."""
        told = CONFIGURATION.format(url=server.url, user=user, password=password, credentials=credentials or "")
        configuration = home / "config.toml"
        configuration.write_text(told)
        # What it writes by itself, logs and the like, goes below HOME.
        self.program = Program("harbor-cli", {"HOME": str(home)}, options=("--config", str(configuration)))

    def run(self, *arguments: str) -> Answer:
        """What one command wrote. Raises Refused if it ended with an error."""
        return self.program.run(*arguments)

    def ask(self, *arguments: str) -> Any:
        """The JSON that a command answers with. Raises as `run` does."""
        return json.loads(self.run(*arguments).out)
