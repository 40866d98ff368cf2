"""The page that tells which operations are served: `python tests/harbor/operations_page.py` writes it anew."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from compare import OURS, missing
from form import contracted, documented

from entrepot.api.harbor.document import document
from entrepot.api.harbor.handlers import HANDLERS

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "harbor-operations.md"
CONTRACT = HERE / "contract.json"
BASE = "/api/v2.0"


def page(told: dict[str, Any], contract: dict[str, Any]) -> str:
    """The text of the page."""
    served = documented(told)
    by_tag: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for name, operation in served.items():
        if name in OURS:
            continue
        by_tag[operation.tag].append((operation.path.removeprefix(BASE), operation.method.upper(), name))
    shared = len(served.keys() - OURS)
    lines = [
        "# Operations of Harbor's API",
        "",
        f"Entrepot serves {shared} of {len(contracted(contract))} operations of Harbor's management API,",
        f"version 2.0, as of Harbor 2.16, under `{BASE}`. The document of what is served is at",
        f"`{BASE}/openapi.json`, made from the code; a test holds it to Harbor's: operation by operation,",
        "parameter, field and status. Where an answer differs on purpose is told in [Harbor](harbor.md).",
        "",
        "## Served",
        "",
        "| Tag | Operation | Request |",
        "|---|---|---|",
    ]
    for tag in sorted(by_tag, key=str.lower):
        lines += [f"| {tag} | `{name}` | {method} `{path}` |" for path, method, name in sorted(by_tag[tag])]
    lines += ["", "## Beyond Harbor", "", "| Tag | Operation | Request |", "|---|---|---|"]
    own = sorted((served[name].tag, served[name].path.removeprefix(BASE), name) for name in OURS)
    lines += [f"| {tag} | `{name}` | {served[name].method.upper()} `{path}` |" for tag, path, name in own]
    lines += ["", "## Not yet", ""]
    absent = missing(told, contract)
    lines += [f"- {tag}: {', '.join(absent[tag])}" for tag in sorted(absent, key=str.lower)]
    lines += ["", "Beside them: `/service/token`, `/c/login`, `/c/log_out`, `/c/userExists` and `/api/version`.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(document(HANDLERS), json.loads(CONTRACT.read_text())))
