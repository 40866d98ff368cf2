"""What refers to an image: attached and found by oras, and gone with a delete."""

import pytest

from .crane import Crane
from .files import some_files
from .oras import Oras
from .server import Server
from .wire import Wire

pytestmark = pytest.mark.clients
BILL = "application/vnd.example.bill-of-materials"
REPORT = "application/vnd.example.report"


def test_attached_artifacts_are_discovered(crane: Crane, oras: Oras, reference: str) -> None:
    crane.push(reference, some_files())
    bill = oras.attach(reference, BILL, {"bill.json": b"{}"}, "org.example.made-by=hand")
    report = oras.attach(reference, REPORT, {"report.txt": b"fine\n"})
    found = {one["digest"]: one for one in oras.discover(reference)}
    assert set(found) == {bill, report}
    assert found[bill]["artifactType"] == BILL
    assert found[bill]["annotations"]["org.example.made-by"] == "hand"
    assert [one["digest"] for one in oras.discover(reference, f"--artifact-type={REPORT}")] == [report]


def test_attached_artifact_is_pulled(crane: Crane, oras: Oras, reference: str) -> None:
    crane.push(reference, some_files())
    files = some_files()
    digest = oras.attach(reference, BILL, files)
    assert oras.pull(f"{reference.rpartition(':')[0]}@{digest}") == files


def test_referrers_of_a_referrer(crane: Crane, oras: Oras, reference: str) -> None:
    crane.push(reference, some_files())
    name = reference.rpartition(":")[0]
    bill = oras.attach(reference, BILL, {"bill.json": b"{}"})
    signature = oras.attach(f"{name}@{bill}", REPORT, {"signed.txt": b"yes\n"})
    assert [one["digest"] for one in oras.discover(f"{name}@{bill}")] == [signature]


def test_deleted_referrer_is_not_discovered(crane: Crane, oras: Oras, reference: str) -> None:
    crane.push(reference, some_files())
    name = reference.rpartition(":")[0]
    bill = oras.attach(reference, BILL, {"bill.json": b"{}"})
    report = oras.attach(reference, REPORT, {"report.txt": b"fine\n"})
    oras.delete(f"{name}@{bill}")
    assert [one["digest"] for one in oras.discover(reference)] == [report]


def test_artifacts_are_copied_with_their_referrers(
    crane: Crane, oras: Oras, registry: Server, reference: str, repository: str, wire: Wire
) -> None:
    crane.push(reference, some_files())
    bill = oras.attach(reference, BILL, {"bill.json": b"{}"})
    target = f"{repository}-copy"
    both = ("--from-plain-http", "--to-plain-http")
    oras.program.run("copy", "--recursive", *both, reference, f"{registry.address}/{target}:1.0.0")
    found = wire.referrers(target, wire.digest(target, "1.0.0"))
    assert [one["digest"] for one in found] == [bill]
