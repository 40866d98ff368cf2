"""Requests made up from the OpenAPI document of the management API: none fails, and each answer is as documented."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .nodes import PASSWORD, Node, push_image

Start = Callable[..., Node]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
WITHOUT_BODY = ("getGCSchedule", "getPurgeSchedule")
"""They answer 200 with no body where nothing is planned, as Harbor does, which no document can say."""
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
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(config)
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings), "--no-color", "run"]
    command += [f"{node.url}/api/v2.0/openapi.json", "--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing"]
    command += ["--max-examples", str(EXAMPLES), "--seed", "7", "--warnings", "off", "--request-timeout", "10"]
    for operation in WITHOUT_BODY:
        command += ["--exclude-operation-id", operation]
    if asker != "nobody":
        command += ["--auth", f"{asker}:{PASSWORD}"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=380, check=False)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "Tested: " in ran.stdout
    assert node.stop() == 0
