"""Requests made up from the OpenAPI document of the management API: none fails, and each answer is as documented."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest

from .nodes import PASSWORD, Node, push_image

Start = Callable[..., Node]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

MEDIA_TYPE = "content_type_conformance"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    MEDIA_TYPE,
    "response_headers_conformance",
    "response_schema_conformance",
)
WITHOUT_BODY = ("getGCSchedule", "getPurgeSchedule")
"""They answer 200 with no body where nothing is planned, as Harbor does, which no document can say: so what the media
type of an answer of theirs is, is looked at below only where something is planned."""
EXAMPLES = 8
"""Of each operation, beside those that cover each parameter's limits; and as many again with what there is."""

THERE = """
[parameters]
"path.project_name" = "library"
"path.project_name_or_id" = "library"
"path.repository_name" = "app"
"path.reference" = "1"
"path.user_id" = 1
"path.id" = 1
"""
"""Names of what there is: else nearly all answers would be that there is no such thing."""


@pytest.mark.parametrize("config", ["", THERE], ids=["anything", "what there is"])
@pytest.mark.parametrize("asker", ["admin", "nobody"])
def test_made_up_requests_are_answered_as_documented(start: Start, tmp_path: Path, asker: str, config: str) -> None:
    node = start(log_requests="false")
    with node.client() as client:
        push_image(client, "library/app", "1", b"a layer")
        if asker == "admin":
            _what_is_planned_is_json(client)
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(config)
    without = [word for operation in WITHOUT_BODY for word in ("--exclude-operation-id", operation)]
    _tested(node, asker, settings, CHECKS, without)
    only = [word for operation in WITHOUT_BODY for word in ("--include-operation-id", operation)]
    _tested(node, asker, settings, [check for check in CHECKS if check != MEDIA_TYPE], only)
    assert node.stop() == 0


def _what_is_planned_is_json(client: httpx.Client) -> None:
    """With a plan the two answer as every other, and without it they answer nothing."""
    for place, parameters in (
        ("gc", {}),
        ("purgeaudit", {"audit_retention_hour": 24, "include_event_types": "create_artifact"}),
    ):
        path = f"/api/v2.0/system/{place}/schedule"
        plan = {"schedule": {"type": "Daily", "cron": "0 0 3 * * *"}, "parameters": parameters}
        assert client.post(path, json=plan).status_code == 201
        answer = client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json()["schedule"]["type"] == "Daily"
        assert client.put(path, json={"schedule": {"type": "None"}}).status_code == 200
        answer = client.get(path)
        assert (answer.status_code, answer.content) == (200, b"")


def _tested(node: Node, asker: str, settings: Path, checks: Sequence[str], operations: Sequence[str]) -> None:
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings), "--no-color", "run"]
    command += [f"{node.url}/api/v2.0/openapi.json", "--checks", ",".join(checks), "--phases", "coverage,fuzzing"]
    command += ["--max-examples", str(EXAMPLES), "--seed", "7", "--warnings", "off", "--request-timeout", "10"]
    command += operations
    if asker != "nobody":
        command += ["--auth", f"{asker}:{PASSWORD}"]
    ran = subprocess.run(command, cwd=settings.parent, capture_output=True, text=True, timeout=380, check=False)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "Tested: " in ran.stdout
