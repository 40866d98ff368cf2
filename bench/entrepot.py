"""Entrepot under measurement: this working tree, started by its own command, with its own tokens."""

import secrets
from pathlib import Path

from bench import long
from bench.load import ROOT
from bench.many import SqliteFiller
from bench.servers import Command, Server
from bench.tokens import Issuer


class Entrepot(Server):
    """Entrepot from `src/`, signing in as `admin`, its usual settings."""

    key = "entrepot"
    offers = frozenset({"pushes", "lists", "tokens"})
    pages = 200

    def __init__(self, home: Path, issuer: Issuer, program: Path, workers: int) -> None:
        super().__init__(home, issuer, program, workers)
        self.credentials = ("admin", f"Bench-1-{secrets.token_urlsafe(16)}")

    def lengthen(self) -> None:
        """Nothing; its database has as many tags and repositories as `bench.long` says. It is started anew."""
        self.stop()
        long.write_rows(SqliteFiller(self.data / "entrepot.db"))
        self.start()

    def title(self) -> str:
        """`Entrepot` with its number of processes."""
        return f"Entrepot ({self.workers} workers)"

    def command(self) -> Command:
        """`entrepot serve`, from the source tree."""
        assert self.credentials is not None
        return Command(
            arguments=[
                str(self.program),
                "-m",
                "entrepot",
                "serve",
                "--data",
                str(self.data),
                "--listen",
                f"127.0.0.1:{self.port}",
                "--workers",
                str(self.workers),
            ],
            environment={
                "PYTHONPATH": str(ROOT / "src"),
                "ENTREPOT_ADMIN_PASSWORD": self.credentials[1],
                # As the rivals are configured here: no line per request.
                "ENTREPOT_LOG_REQUESTS": "false",
            },
        )
