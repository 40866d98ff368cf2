"""Entrepot passes the conformance program of the OCI distribution specification, with nothing skipped."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clients.program import Program, Refused
from clients.server import Server

pytestmark = pytest.mark.clients

EVERYTHING = {
    "OCI_API_BLOBS_DIGEST_HEADER": "true",
    "OCI_API_MANIFESTS_DIGEST_HEADER": "true",
    "OCI_API_BLOBS_UPLOAD_CANCEL": "true",
}
"""What version 1.1 leaves out unless it is asked for."""
FEWEST_TESTS = {"1.1": 850, "dev": 970}
"""A run of fewer tests has left something out."""
OFF_BY_DEFAULT = {
    "1.1": {"Manifest put with tag params", "Tag Param", "Tag Param sha512", "Sparse Manifests"},
    "dev": {"Sparse Manifests"},
}


@dataclass(frozen=True)
class Result:
    """What the program found."""

    passed: int
    other: int
    """How many failed, went wrong or were skipped or disabled."""
    details: list[str]
    """The steps that did not pass, each as its name and what it said."""
    disabled: set[str]
    """What was left out: parts of the API, and kinds of content."""
    said: str
    code: int


def run(server: Server, folder: Path, version: str, **options: str) -> Result:
    """The result of one run against `server`, which leaves its reports in `folder`."""
    environment = {
        "OCI_REGISTRY": server.address,
        "OCI_TLS": "disabled",
        "OCI_REPO1": "library/conformance-one",
        "OCI_REPO2": "library/conformance-two",
        "OCI_USERNAME": server.user,
        "OCI_PASSWORD": server.password,
        "OCI_RESULTS_DIR": str(folder),
        "OCI_VERSION": version,
    }
    program = Program("conformance", environment | EVERYTHING | options)
    try:
        answer = program.run(timeout=110, cwd=folder)
    except Refused as refused:
        answer = refused.answer
    # Wrong options end it with success and without a report.
    report = folder / "junit.xml"
    assert report.exists(), f"the program wrote no report:\n{answer.text}"
    [suite] = ET.parse(report).getroot().findall("testsuite")
    other = sum(int(suite.get(kind, "0")) for kind in ("failures", "errors", "skipped", "disabled"))
    summary = (folder / "results.yaml").read_text().splitlines()
    return Result(
        passed=int(suite.get("tests", "0")) - other,
        other=other,
        details=[
            f"{case.get('name')}: {case.get('status')}: {(case.findtext('system-out') or '')[:400]}"
            for case in suite.findall("testcase")
            if case.get("status") != "passed"
        ],
        disabled={line.strip().removesuffix(": Disabled") for line in summary if line.endswith(": Disabled")},
        said=answer.text[-2000:],
        code=answer.code,
    )


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A registry with its usual settings."""
    yield from _served(Server(tmp_path_factory.mktemp("registry")))


@pytest.fixture(scope="module")
def sparse_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A registry that takes manifests some of whose parts are elsewhere."""
    yield from _served(Server(tmp_path_factory.mktemp("registry"), sparse_indexes="true"))


def _served(server: Server) -> Iterator[Server]:
    server.start()
    yield server
    code = server.stop()
    assert code == 0, f"the registry ended with {code} after SIGTERM:\n{server.log_tail()}"


@pytest.mark.parametrize("version", ["1.1", "dev"])
def test_everything_passes(version: str, registry: Server, tmp_path: Path) -> None:
    result = run(registry, tmp_path, version)
    assert not result.details, "\n".join(result.details)
    assert (result.code, result.other) == (0, 0), result.said
    assert result.disabled == OFF_BY_DEFAULT[version]
    assert result.passed >= FEWEST_TESTS[version], result.said


def test_everything_passes_again_in_the_same_repositories(registry: Server, tmp_path: Path) -> None:
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        result = run(registry, folder, "1.1")
        assert result.other == 0, "\n".join(result.details)


def test_sparse_manifests_pass(sparse_registry: Server, tmp_path: Path) -> None:
    result = run(sparse_registry, tmp_path, "dev", OCI_DATA_SPARSE="true")
    assert not result.details, "\n".join(result.details)
    assert (result.code, result.other) == (0, 0), result.said
    assert result.disabled == set()
    assert result.passed >= FEWEST_TESTS["dev"], result.said


def test_sparse_manifests_are_refused_without_the_setting(registry: Server, tmp_path: Path) -> None:
    result = run(registry, tmp_path, "1.1", OCI_DATA_SPARSE="true")
    # The program's content for this: an image without one of its layers, and an index without one of its images.
    refused = [name for line in result.details if "/push/" in (name := line.partition(":")[0].partition("/")[2])]
    assert sorted(refused) == ["sparse/push/manifest-by-digest"] * 2 + ["sparse/push/manifest-by-tag"] * 2
    assert all("/sparse/" in line for line in result.details), "\n".join(result.details)
