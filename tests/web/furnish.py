"""Something of everything that pages show, made through the registry's own APIs, and the addresses of its pages."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from house import Client
from pushing import CONFIG, IMAGE, LAYER, digest_of, push_blob, push_index, push_manifest, push_signature, size_of

from entrepot.web.route import Route
from entrepot.web.subject import Place, address

SBOM = "application/spdx+json"
README = "# The shop\n\nServes `api`.\n\n| port | what |\n|---|---|\n| 8080 | HTTP |\n\n- [x] small\n- [docs](https://example.org)\n"
EVERYWHERE = {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]}
TAGS = [{"kind": "doublestar", "decoration": "matches", "pattern": "release-*"}]


@dataclass
class Made:
    """What there is now, by the words that patterns of pages and the table below use."""

    project: str
    repository: str
    facts: dict[str, Any] = field(default_factory=dict)


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """A compressed layer with these files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(content), 0o644, 1_767_000_000
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(written.getvalue(), mtime=0)


async def push_whole(
    client: Client, repository: str, tag: str, *layers: Mapping[str, bytes], architecture: str = "amd64", **labels: str
) -> str:
    """The digest of an image whose layers hold these files, with a history and settings."""
    blobs = [tar_of(files) for files in layers]
    plain = [f"sha256:{hashlib.sha256(gzip.decompress(blob)).hexdigest()}" for blob in blobs]
    history = [{"created": "2026-01-02T03:04:05Z", "created_by": f"COPY {' '.join(files)} / #"} for files in layers]
    config = {
        "architecture": architecture,
        "os": "linux",
        "author": "the makers",
        "created": "2026-01-02T03:04:05Z",
        "config": {
            "Env": ["PATH=/usr/bin", "PORT=8080"],
            "Entrypoint": ["/usr/bin/serve"],
            "Cmd": ["--port", "8080"],
            "ExposedPorts": {"8080/tcp": {}},
            "User": "1000",
            "Labels": labels,
        },
        "rootfs": {"type": "layers", "diff_ids": plain},
        "history": [*history, {"created": "2026-01-02T03:04:06Z", "created_by": "CMD [serve]", "empty_layer": True}],
    }
    encoded = json.dumps(config).encode()
    body = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": {
            "mediaType": CONFIG,
            "digest": await push_blob(client, repository, encoded),
            "size": len(encoded),
        },
        "layers": [
            {"mediaType": LAYER, "digest": await push_blob(client, repository, blob), "size": len(blob)}
            for blob in blobs
        ],
    }
    return await push_manifest(client, repository, tag, body)


async def push_sbom(client: Client, repository: str, subject: str) -> str:
    """The digest of a bill of materials that refers to the subject."""
    packages = [
        {"name": name, "SPDXID": f"SPDXRef-{name}", "versionInfo": version, "licenseConcluded": "MIT"}
        for name, version in (("musl", "1.2.5"), ("openssl", "3.3.1"), ("zlib", "1.3.1"))
    ]
    content = json.dumps({"spdxVersion": "SPDX-2.3", "name": "app", "packages": packages}).encode()
    body = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "artifactType": SBOM,
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": await push_blob(client, repository, b"{}"),
            "size": 2,
        },
        "layers": [{"mediaType": SBOM, "digest": await push_blob(client, repository, content), "size": len(content)}],
        "subject": {"mediaType": IMAGE, "digest": subject, "size": await size_of(client, repository, subject)},
    }
    return await push_manifest(client, repository, digest_of(json.dumps(body).encode()), body)


async def push_chart(client: Client, repository: str, tag: str) -> str:
    """The digest of a chart with notes and values, that needs another."""
    needed = [{"name": "redis", "version": "19.x", "repository": "https://example.org/charts"}]
    config = json.dumps({"name": "shop", "version": tag, "apiVersion": "v2", "dependencies": needed}).encode()
    layer = tar_of({"shop/README.md": b"# Shop\n\n<script>alert(1)</script>\n", "shop/values.yaml": b"replicas: 2\n"})
    body = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": {
            "mediaType": "application/vnd.cncf.helm.config.v1+json",
            "digest": await push_blob(client, repository, config),
            "size": len(config),
        },
        "layers": [
            {
                "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                "digest": await push_blob(client, repository, layer),
                "size": len(layer),
            }
        ],
    }
    return await push_manifest(client, repository, tag, body)


async def furnish(admin: Client, project: str = "own") -> Made:
    """Fills a project, which is there, as its administrator; what is made of the system is named for the project."""
    made = Made(project, f"{project}/app")
    assert (await admin("PUT", "/configurations", {"self_registration": True})).status_code == 200
    await _images(admin, made)
    await _trash(admin, made)
    project_id = (await admin.get(f"/projects/{project}"))["project_id"]
    made.facts["project_id"] = project_id
    await _policies(admin, made)
    await _people(admin, made)
    return made


async def _images(admin: Client, made: Made) -> None:
    repository = made.repository
    base = {"etc/release": b"Small 1.0\n", "usr/bin/serve": b"\x7fELF" + bytes(range(256)) * 40, "etc/motd": b"hi\n"}
    first = await push_whole(admin, repository, "1.0", base, {"app/main.py": b"print('one')\n"}, version="1.0")
    second = await push_whole(
        admin, repository, "1.1", base, {"app/main.py": b"print('two')\n", "etc/.wh.motd": b""}, version="1.1"
    )
    for tag, digest in (("latest", first), ("latest", second), ("release-1", first)):
        await _tag(admin, repository, tag, digest)
    arm = await push_whole(admin, repository, "1.1-arm64", base, architecture="arm64")
    index = await push_index(admin, repository, "both", second, arm)
    made.facts |= {"first": first, "second": second, "index": index}
    made.facts["signature"] = await push_signature(admin, repository, second)
    made.facts["sbom"] = await push_sbom(admin, repository, second)
    untagged = await push_whole(admin, repository, "gone", {"a": b"untagged"})
    assert (await admin("DELETE", f"/v2/{repository}/manifests/gone")).status_code == 202
    made.facts["untagged"] = untagged
    answer = await admin("PUT", f"/projects/{made.project}/repositories/app", {"description": README})
    assert answer.status_code == 200, answer.text
    await push_chart(admin, f"{made.project}/charts/shop", "0.3.1")
    made.facts |= {"latest": f"{repository}:latest", "chart": f"{made.project}/charts/shop:0.3.1"}
    await push_whole(admin, f"{made.project}/tools/long-name-of-a-repository-somewhere", "v1", {"b": b"tools"})
    await admin("GET", f"/v2/{repository}/manifests/latest", headers={"Accept": IMAGE})


async def _tag(admin: Client, repository: str, tag: str, digest: str) -> None:
    """Has the tag name the artifact, whatever it named."""
    found = await admin("GET", f"/v2/{repository}/manifests/{digest}", headers={"Accept": IMAGE})
    answer = await admin(
        "PUT", f"/v2/{repository}/manifests/{tag}", content=found.content, headers={"Content-Type": IMAGE}
    )
    assert answer.status_code == 201, answer.text


async def _trash(admin: Client, made: Made) -> None:
    project = made.project
    await push_whole(admin, made.repository, "old", {"c": b"old"})
    await push_whole(admin, f"{project}/left", "1", {"d": b"left"})
    for path in (f"/projects/{project}/repositories/app/artifacts/old", f"/projects/{project}/repositories/left"):
        assert (await admin("DELETE", path)).status_code == 200, path
    made.facts["trash"] = (await admin.get("/trash"))[0]["id"]


async def _policies(admin: Client, made: Made) -> None:
    project, project_id, facts = made.project, made.facts["project_id"], made.facts
    rule = {"template": "latestPushedK", "params": {"latestPushedK": 10}, "action": "retain"}
    policy = {
        "algorithm": "or",
        "rules": [{**rule, "tag_selectors": TAGS, "scope_selectors": EVERYWHERE}],
        "trigger": {"kind": "Schedule", "settings": {"cron": ""}},
        "scope": {"level": "project", "ref": project_id},
    }
    retention = (await admin.post("/retentions", policy)).removeprefix("/api/v2.0")
    run = await admin.post(f"{retention}/executions", {"dry_run": True})
    facts["retention"], facts["retention_run"] = _last(retention), _last(run)
    immutable = {"action": "immutable", "template": "immutable_template", "tag_selectors": TAGS}
    location = await admin.post(f"/projects/{project}/immutabletagrules", {**immutable, "scope_selectors": EVERYWHERE})
    facts["immutable"] = _last(location)
    hold = {"repository_name": made.repository, "reference": "1.0", "reason": "case 12"}
    facts["hold"] = _last(await admin.post(f"/projects/{project}/holds", hold))
    common = {"scope": "g", "name": f"kept-{project}", "color": "#102030", "description": ""}
    facts["system_label"] = _last(await admin.post("/labels", common))
    label = {"scope": "p", "project_id": project_id, "name": "checked", "color": "#48960C", "description": "by hand"}
    facts["label"] = _last(await admin.post("/labels", label))
    answer = await admin(
        "POST", f"/projects/{project}/repositories/app/artifacts/latest/labels", {"id": int(facts["label"])}
    )
    assert answer.status_code == 200, answer.text


async def _people(admin: Client, made: Made) -> None:
    facts, project = made.facts, made.project
    access = [{"resource": "repository", "action": "push"}, {"resource": "repository", "action": "pull"}]
    robot = {
        "name": "builder",
        "level": "project",
        "duration": 30,
        "permissions": [{"kind": "project", "namespace": project, "access": access}],
    }
    facts["robot"] = (await _posted(admin, "/robots", robot))["id"]
    system = {**robot, "name": f"mirror-{project}", "level": "system"}
    facts["system_robot"] = (await _posted(admin, "/robots", system))["id"]
    group = {"group_name": f"builders-{project}", "group_type": 3}
    facts["group"] = _last(await admin.post("/usergroups", group))
    await admin.post(f"/projects/{project}/members", {"role_id": 2, "member_group": group})
    user = {
        "username": f"reader-{project}",
        "password": "Right-Horse-7",
        "email": f"reader-{project}@example.org",
        "realname": "A reader",
        "comment": "",
    }
    facts["user"] = _last(await admin.post("/users", user))
    member = {"role_id": 3, "member_user": {"username": f"reader-{project}"}}
    facts["member"] = _last(await admin.post(f"/projects/{project}/members", member))
    label = {"scope": "g", "name": f"everywhere-{project}", "color": "#0079B8"}
    facts["system_label"] = _last(await admin.post("/labels", label))
    answer = await admin("POST", "/system/gc/schedule", {"schedule": {"type": "Manual"}})
    assert answer.status_code in (201, 409), answer.text
    facts["job"] = (await admin.get("/system/gc"))[0]["id"]


async def _posted(admin: Client, path: str, body: Any) -> Any:
    answer = await admin("POST", path, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def _last(location: str) -> str:
    return location.rpartition("/")[2]


def things(made: Made, place: Place) -> tuple[str, ...]:
    """What there is of a kind of thing, as addresses name it."""
    return {
        Place.HOUSE: ("",),
        Place.PROJECT: (made.project,),
        Place.REPOSITORY: (made.repository,),
        Place.ARTIFACT: (f"{made.repository}:latest", f"{made.repository}:both"),
    }[place]


PAGES: dict[tuple[Place, str], tuple[str, ...]] = {
    (Place.HOUSE, "jobs"): tuple(
        f"jobs?show={show}" for show in ("running", "waiting", "ended", "failed", "schedules", "workers")
    ),
    (Place.HOUSE, "jobs/{id}"): ("jobs/{retention_run}",),
    (Place.HOUSE, "jobs/{id}/log"): ("jobs/{retention_run}/log",),
    (Place.HOUSE, "jobs/{id}/stop"): ("jobs/{retention_run}/stop",),
    (Place.HOUSE, "jobs/{id}/again"): ("jobs/{retention_run}/again",),
    (Place.REPOSITORY, "compare"): ("compare?from=1.0&to=latest",),
    (Place.REPOSITORY, "copy"): ("copy?chosen=latest",),
    (Place.REPOSITORY, "delete"): ("delete?chosen=1.0", "delete?chosen=gone"),
    (Place.REPOSITORY, "history"): ("history?tag=latest",),
    (Place.REPOSITORY, "labels"): ("labels?chosen={second}",),
    (Place.PROJECT, "members/{id}"): ("members/{member}",),
    (Place.PROJECT, "members/{id}/remove"): ("members/{member}/remove",),
    (Place.PROJECT, "labels/{id}"): ("labels/{label}",),
    (Place.PROJECT, "labels/{id}/delete"): ("labels/{label}/delete",),
    (Place.PROJECT, "robots/{id}"): ("robots/{robot}",),
    (Place.PROJECT, "robots/{id}/switch"): ("robots/{robot}/switch",),
    (Place.PROJECT, "robots/{id}/refresh"): ("robots/{robot}/refresh",),
    (Place.PROJECT, "robots/{id}/delete"): ("robots/{robot}/delete",),
    (Place.PROJECT, "policies/rules/{id}"): ("policies/rules/1",),
    (Place.PROJECT, "policies/rules/{id}/{how}"): (
        "policies/rules/1/remove",
        "policies/rules/1/disable",
    ),
    (Place.PROJECT, "policies/runs/{id}"): ("policies/runs/{retention_run}",),
    (Place.PROJECT, "policies/runs/{id}/log"): ("policies/runs/{retention_run}/log",),
    (Place.PROJECT, "policies/runs/{id}/stop"): ("policies/runs/{retention_run}/stop",),
    (Place.PROJECT, "policies/never-change/{id}"): ("policies/never-change/{immutable}",),
    (Place.PROJECT, "policies/never-change/{id}/switch"): ("policies/never-change/{immutable}/switch",),
    (Place.PROJECT, "policies/never-change/{id}/remove"): ("policies/never-change/{immutable}/remove",),
    (Place.PROJECT, "policies/holds/{id}/lift"): ("policies/holds/{hold}/lift",),
    **{
        (Place.HOUSE, f"admin/{page.replace('{' + fact + '}', '{id}')}"): (f"admin/{page}",)
        for fact, pages in {
            "user": ("users/{user}/admin", "users/{user}/password", "users/{user}/delete"),
            "group": ("groups/{group}/rename", "groups/{group}/delete"),
            "system_robot": tuple(f"robots/{{system_robot}}{what}" for what in ("", "/switch", "/refresh", "/delete")),
            "project_id": ("quotas/{project_id}",),
            "system_label": ("labels/{system_label}", "labels/{system_label}/delete"),
        }.items()
        for page in pages
    },
    (Place.HOUSE, "api/{id}"): ("api/getProject?send=1&path.project_name_or_id={project_id}", "api/CreateRobot"),
    (Place.HOUSE, "trash/{id}"): ("trash/{trash}",),
    (Place.HOUSE, "trash/{id}/restore"): ("trash/{trash}/restore",),
    (Place.HOUSE, "trash/{id}/purge"): ("trash/{trash}/purge",),
    (Place.ARTIFACT, "addition/{name}"): (
        "addition/readme.md @{chart}",
        "addition/values.yaml @{chart}",
        "addition/dependencies @{chart}",
    ),
    (Place.ARTIFACT, "file"): ("file?path=app/main.py @{latest}",),
}
"""Pages whose pattern has variable parts, filled in with the facts' names; those that need a query, with it. For a
thing of a kind that does not have the page, the address is the third part: `page @thing`."""


def addresses(route: Route, made: Made) -> list[str]:
    """The addresses of a page, of all that it should be looked at for. Raises LookupError for one that nobody named."""
    key = (route.place, route.page)
    if key not in PAGES and "{" in route.page:
        raise LookupError(f"{route.place} page {route.page!r}: name a subject for it in tests/web/furnish.py, PAGES")
    found = []
    for page in PAGES.get(key, (route.page,)):
        page, _, thing = page.partition(" @")
        filled = page.format(**made.facts)
        path, question, query = filled.partition("?")
        subjects = (thing.format(**made.facts),) if thing else things(made, route.place)
        found += [address(one, path) + question + query for one in subjects]
    return found
