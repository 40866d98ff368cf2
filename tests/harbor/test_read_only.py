"""While the registry is read-only, nothing changes, whoever asks."""

import pytest
from house import Harbor


@pytest.fixture(autouse=True)
async def read_only(harbor: Harbor) -> None:
    answer = await harbor("admin")("PUT", "/configurations", {"read_only": True})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/projects"),
        ("DELETE", "/projects/own"),
        ("POST", "/v2/own/app/blobs/uploads/"),
        ("PUT", "/v2/own/app/manifests/1"),
        ("DELETE", "/v2/own/app/manifests/1"),
    ],
)
async def test_every_change_is_refused(harbor: Harbor, method: str, path: str) -> None:
    answer = await harbor("admin")(method, path, json={} if method != "DELETE" else None)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "DENIED")


async def test_reading_and_signing_in_go_on_and_it_can_be_ended(harbor: Harbor) -> None:
    admin = harbor("admin")
    assert [project["name"] for project in await admin.get("/projects")] == ["own", "public"]
    assert (await admin.get("/systeminfo"))["read_only"] is True
    assert (await admin("GET", "/service/token", params={"service": "entrepot"})).status_code in (200, 400)
    assert (await admin("PUT", "/configurations", {"read_only": False})).status_code == 200
    await admin.post("/projects", {"project_name": "fresh"})
