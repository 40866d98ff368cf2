"""Events as they are written, held to what the documentation says of their fields."""

import json
import re
from pathlib import Path

from entrepot.db.contract import Transaction

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
_ROW = re.compile(r"^\| `([a-z]+:[a-z-]+)` \| [^|]* \|(.*)\|$", re.MULTILINE)
_FIELD = re.compile(r"(?:^|, (?:and |or )?)`([a-z_]+)`(?:: ([^,`]*(?:`[^`]*`[^,`]*)*))?")


class Documented:
    """What is said of one event's fields."""

    def __init__(self, cell: str) -> None:
        fields = [(found[1], found[2] or "") for found in _FIELD.finditer(cell)]
        self.all = {name for name, _ in fields}
        self.always = {name for name, about in fields if not re.search(r"\bif\b", f"{about}")}
        self.open = "what changed" in cell


def documented() -> dict[str, Documented]:
    """By the event's name."""
    found: dict[str, Documented] = {}
    before = ""
    for name, cell in _ROW.findall(PAGE.read_text(encoding="utf-8")):
        before = before if cell.strip() == "the same" else cell.strip()
        found[name] = Documented(before)
    return found


DOCUMENTED = documented()


def differing(tx: Transaction) -> list[str]:
    """Events whose fields are others than those documented."""
    found = []
    for name, detail in sorted({(str(row[0]), str(row[1])) for row in tx.all("SELECT name, detail FROM events")}):
        fields, about = set(json.loads(detail)), DOCUMENTED[name]
        more = set() if about.open else fields - about.all
        if more or about.always - fields:
            found.append(f"{name} has {sorted(fields)}, and is documented with {sorted(about.all)}")
    return found
