"""Every operation that is served, by everybody, on every kind of project: the answer is the contract's.

Where something is allowed, the request asks for what is not there or cannot be, so that it changes nothing: then the
answer is neither 401 nor 403. Where it is not, it is 401 to who has not said who they are, 403 to others, and nobody
learns from it whether a project exists that they may not know.
"""

import json
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from house import Client, Harbor
from operations_page import CONTRACT
from rights import BODIES, ELSEWHERE, PATH_VALUES, PLACES, QUERIES, ROLES, Needed, Policies, Rule, rule_of
from served import SERVED

from contracts.access_house import PASSWORD, basic
from entrepot.access.local import shell_grant
from entrepot.db import repositories, retention, robots
from entrepot.db.contract import Transaction
from entrepot.db.robots import NewRobot, Scope
from entrepot.model.permission import Permission, parse_permission
from entrepot.model.retention import RetentionPolicy

CONTRACT_FACTS = json.loads(CONTRACT.read_text())
AUTHZ = {told["id"]: told["authz"] for told in CONTRACT_FACTS["operations"]}
POLICIES = Policies(CONTRACT_FACTS)
FOR_EVER = -1


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody, and what they are."""

    name: str
    client: Client
    holds: bool = False
    """Of a robot: whether it was given what the operation needs."""

    @property
    def robot(self) -> bool:
        return self.name.startswith("robot")


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    path = tmp_path / "entrepot.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


def test_every_operation_is_looked_at() -> None:
    for operation in SERVED:
        if operation not in ELSEWHERE:
            assert rule_of(operation, AUTHZ)


@pytest.mark.parametrize("operation", sorted(SERVED.keys() - ELSEWHERE.keys()))
async def test_an_operation_is_for_whom_the_contract_says(harbor: Harbor, operation: str) -> None:
    """CVE-2024-22278, where a role had more than its table says."""
    rule = rule_of(operation, AUTHZ)
    ids = await _organise(harbor)
    wrong = []
    askers = await _askers(harbor, rule, ids["own"])
    for place in PLACES if rule.of_project else ("own",):
        for asker in askers:
            answer = await _ask(harbor, asker.client, operation, place, ids)
            expected = _expected(rule, asker, place)
            if not _fits(answer.status_code, expected):
                wrong.append(f"{asker.name} in {place}: {answer.status_code} {answer.text.strip()}, not {expected}")
    if wrong:
        pytest.fail("\n".join(wrong))


@pytest.mark.parametrize("operation", sorted(name for name in SERVED if name not in ELSEWHERE))
async def test_an_answer_does_not_tell_whether_a_project_exists(harbor: Harbor, operation: str) -> None:
    """CVE-2019-19030, where strangers could tell."""
    rule = rule_of(operation, AUTHZ)
    if not rule.of_project:
        return
    ids = await _organise(harbor)
    for asker in await _askers(harbor, rule, ids["own"]):
        if asker.name != "admin":
            hidden, nowhere = [
                await _ask(harbor, asker.client, operation, place, ids) for place in ("hidden", "nowhere")
            ]
            assert hidden.status_code == nowhere.status_code, asker.name
            assert _masked(hidden.text, "hidden", ids) == _masked(nowhere.text, "nowhere", ids), asker.name


def _expected(rule: Rule, asker: Asker, place: str) -> str:
    if rule.everybody:
        return "allowed"
    if asker.name == "nobody":
        public = not rule.signed_in and all(POLICIES.holds("nobody", place, needed) for needed in rule.needed)
        return "allowed" if public and rule.needed else "401"
    if asker.name == "admin":
        return "404" if place == "nowhere" else "allowed"
    if asker.robot:
        given = asker.holds and (place == "own" or not rule.of_project)
        public = rule.needed and all(POLICIES.holds("robot", place, needed) for needed in rule.needed)
        return "allowed" if given or public or (not rule.needed and rule.robots) else "403"
    return "allowed" if all(POLICIES.holds(asker.name, place, needed) for needed in rule.needed) else "403"


def _fits(status: int, expected: str) -> bool:
    if expected == "allowed":
        return status not in (401, 403) and status < 500
    if expected == "404":
        return status in (404, 400)
    return str(status) == expected


def _masked(text: str, place: str, ids: dict[str, int]) -> str:
    text = re.sub(r"the id \d+", "the id <id>", text)
    return re.sub(rf"\b({place}|{ids[place]})\b", "<project>", text)


async def _organise(harbor: Harbor) -> dict[str, int]:
    """The ids of the projects; the one that is nowhere has one that nobody has."""
    await harbor.whole.projects.create(shell_grant(), "hidden")
    found = {project["name"]: int(project["project_id"]) for project in await harbor("admin").get("/projects")}
    for name, project_id in found.items():
        # So that nothing is deleted by a request that is allowed to.
        await harbor.whole.db.write(lambda tx, name=name, project_id=project_id: _fill(tx, name, project_id))
    return {**found, "nowhere": 900_000_000}


def _fill(tx: Transaction, name: str, project_id: int) -> None:
    repository_id = repositories.ensure(tx, project_id, f"{name}/app", shell_grant().principal)
    tx.run(
        "INSERT INTO manifests (repository_id, digest, media_type, body, kind, config_type, size, attributes,"
        " pushed_at, listed) VALUES (?, ?, 'x', ?, '', '', 0, '{}', 1, TRUE)",
        repository_id,
        b"\x01" + bytes(31) + b"\x01",
        b"{}",
    )


async def _askers(harbor: Harbor, rule: Rule, project_id: int) -> list[Asker]:
    people = [Asker(name, harbor(name)) for name in ("admin", "stranger", *ROLES)]
    nobody = Asker("nobody", harbor())
    able = await _robot(harbor, "able", rule.needed, project_id)
    unable = await _robot(harbor, "unable", (), project_id)
    return [nobody, *people, *([able] if able else []), *([unable] if unable else [])]


async def _robot(harbor: Harbor, name: str, needed: tuple[Needed, ...], project_id: int) -> Asker | None:
    """A robot with just these permissions; None if they are none that robots are given."""
    where = needed[0].where if needed else "project"
    pairs = [(one.resource, one.action) for one in needed]
    if not POLICIES.robot[where].issuperset(pairs):
        return None
    in_project = where == "project"
    permissions: list[Permission] = [parse_permission(*pair) for pair in pairs or [("label", "read")]]
    if not needed:
        permissions = [parse_permission("export-cve", "read")]
    secret_hash = await harbor.whole.passwords.hash(PASSWORD)
    full = f"own+{name}" if in_project else name
    new = NewRobot(full, project_id if in_project else None, "", secret_hash, FOR_EVER, None, False, "local", 1)

    def change(tx: Transaction) -> None:
        made = robots.insert(tx, new)
        assert made is not None
        scope = Scope(where, project_id if in_project else None)
        robots.set_permissions(tx, made.id, {scope: permissions})

    await harbor.whole.db.write(change)
    return Asker(f"robot {name}", harbor(f"robot${full}"), holds=bool(needed))


async def _ask(harbor: Harbor, client: Client, operation: str, place: str, ids: dict[str, int]) -> Any:
    told = SERVED[operation]
    values = {**PATH_VALUES, "project_name_or_id": place, "project_name": place}
    path = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], told.path)
    query = dict(QUERIES.get(operation, {}))
    body = BODIES.get(operation)
    if operation == "ListLabels":
        query = {"scope": "p", "project_id": str(ids[place])}
    if operation == "CreateLabel":
        body = {"scope": "p", "project_id": ids[place], "name": ""}
    if operation == "ListRobot":
        query = {"q": f"Level=project,ProjectID={ids[place]}"}
    if operation == "CreateRobot":
        permission = {"kind": "project", "namespace": place, "access": [{"resource": "nonsense", "action": "read"}]}
        body = {"name": "Not a name", "level": "project", "duration": -1, "permissions": [permission]}
    if operation in ("GetLabelByID", "UpdateLabel", "DeleteLabel"):
        path = path.replace(PATH_VALUES["label_id"], str(await _label(client, place, ids)))
    if operation == "createRetention":
        body = {"scope": {"level": "project", "ref": ids[place]}, "algorithm": "nonsense"}
    elif "/retentions/{id}" in told.path:
        path = path.replace(PATH_VALUES["id"], str(await _policy(harbor, place, ids)), 1)
    return await client(told.method.upper(), path, json=body, params=query)


async def _policy(harbor: Harbor, place: str, ids: dict[str, int]) -> int:
    """The id of the project's policy of retention; of one that nobody has where there is no project."""
    if place == "nowhere":
        return ids["nowhere"]

    def change(tx: Transaction) -> int:
        policy_id = retention.insert(tx, ids[place], RetentionPolicy(rules=(), cron=""))
        found = retention.of_project(tx, ids[place])
        assert found is not None
        return policy_id or found.id

    return await harbor.whole.db.write(change)


async def _label(client: Client, place: str, ids: dict[str, int]) -> int:
    """The id of a fresh label of the project; of one that nobody has where there is no project."""
    if place == "nowhere":
        return ids["nowhere"]
    admin = Client(client._http, basic("admin"))
    location = await admin.post(
        "/labels", {"scope": "p", "project_id": ids[place], "name": secrets.token_hex(8), "color": "#112233"}
    )
    return int(location.rpartition("/")[2])
