"""Rules of retention, tags that never change and holds: tried before they are saved, changed, carried out."""

from typing import Any

import pytest
from house import Harbor
from pushing import push_image
from reader import Reader, Readers

HOME = "/own/-/policies"
RULE: dict[str, object] = {
    "template": "latestPushedK",
    "number": "1",
    "tags": "**",
    "tags_way": "matches",
    "repositories": "**",
    "repositories_way": "matches",
    "untagged": "1",
}
TAGS: dict[str, object] = {"tags": "v*", "tags_way": "matches", "repositories": "**", "repositories_way": "matches"}


async def filled(harbor: Harbor) -> None:
    for number in (1, 2, 3):
        await push_image(harbor("owner"), "own/app", f"v{number}", seed=f"image {number}")


async def policy(harbor: Harbor) -> dict[str, Any]:
    project = await harbor("owner").get("/projects/own")
    return dict(await harbor("owner").get(f"/retentions/{project['metadata']['retention_id']}"))


async def saved(owner: Reader, **more: object) -> None:
    answer = await owner.post(f"{HOME}/rules/new", {**RULE, **more, "do": "save"})
    assert (answer.status_code, answer.headers["location"]) == (303, HOME)


async def test_a_rule_shows_what_it_would_take_before_it_is_saved(harbor: Harbor, reader: Readers) -> None:
    await filled(harbor)
    owner = await reader().sign_in("owner")
    assert "Everything is kept" in (await owner.get(HOME)).text
    page = await owner.post(f"{HOME}/rules/new", {**RULE, "do": "preview"})
    assert page.status_code == 200
    assert "2 would go" in page.text
    assert "1 would stay" in page.text
    assert "app:v1" in page.text
    assert "retention_id" not in (await harbor("owner").get("/projects/own"))["metadata"]
    assert "Everything is kept" in (await owner.get(HOME)).text
    await saved(owner)
    assert "the 1 artifact pushed last" in (await owner.get(HOME)).text
    assert "2 would go" in (await owner.get(f"{HOME}/preview")).text
    assert len(await harbor("owner").get("/projects/own/repositories/app/artifacts")) == 3


async def test_a_rule_is_changed_switched_and_removed(harbor: Harbor, reader: Readers) -> None:
    await filled(harbor)
    owner = await reader().sign_in("owner")
    await saved(owner)
    await saved(owner, template="always", tags="v1")
    assert 'name="number" value="1"' in (await owner.get(f"{HOME}/rules/1")).text
    changed = {**RULE, "number": "2", "untagged": "", "revision": "2", "do": "save"}
    assert (await owner.post(f"{HOME}/rules/1", changed)).status_code == 303
    (first, second) = (await policy(harbor))["rules"]
    assert first["params"] == {"latestPushedK": 2}
    assert first["tag_selectors"][0]["extras"] == '{"untagged":false}'
    assert second["template"] == "always"
    assert (await owner.post(f"{HOME}/rules/1", changed)).status_code == 409
    assert "1 would go" in (await owner.get(f"{HOME}/rules/2/remove")).text
    assert (await owner.post(f"{HOME}/rules/2/disable", {"revision": "3"})).status_code == 303
    assert (await policy(harbor))["rules"][1]["disabled"] is True
    assert (await owner.post(f"{HOME}/rules/2/enable", {"revision": "4"})).status_code == 303
    assert (await owner.post(f"{HOME}/rules/1/remove", {"revision": "5"})).status_code == 303
    assert [one["template"] for one in (await policy(harbor))["rules"]] == ["always"]
    assert (await owner.get(f"{HOME}/rules/2")).status_code == 404
    assert (await owner.get(f"{HOME}/rules/1/explode")).status_code == 404


async def test_several_selectors_and_exclusions_survive_the_form(harbor: Harbor, reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    await saved(owner, tags=["v*", "v9"], tags_way=["matches", "excludes"])
    page = (await owner.get(f"{HOME}/rules/1")).text
    assert 'name="tags" value="v*"' in page
    assert 'name="tags" value="v9"' in page
    assert 'name="untagged" value="1" checked' in page
    (rule,) = (await policy(harbor))["rules"]
    assert [one["decoration"] for one in rule["tag_selectors"]] == ["matches", "excludes"]


async def test_when_rules_are_carried_out(harbor: Harbor, reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    await saved(owner)
    assert (await owner.post(f"{HOME}/schedule", {"when": "daily"})).status_code == 303
    assert (await policy(harbor))["trigger"]["settings"]["cron"] == "0 0 0 * * *"
    assert (await owner.post(f"{HOME}/schedule", {"when": "cron", "cron": "0 5 3 * * *"})).status_code == 303
    assert 'value="0 5 3 * * *"' in (await owner.get(HOME)).text
    assert (await owner.post(f"{HOME}/schedule", {"when": "cron", "cron": "often"})).status_code == 400
    assert (await owner.post(f"{HOME}/remove")).status_code == 303
    assert "Everything is kept" in (await owner.get(HOME)).text


async def test_a_run_is_asked_for_shown_and_stopped(reader: Readers) -> None:
    owner = await reader().sign_in("owner")
    await saved(owner)
    answer = await owner.post(f"{HOME}/run", {"dry": "1"})
    place = answer.headers["location"]
    assert place.startswith(f"{HOME}/runs/")
    page = (await owner.get(place)).text
    assert "dry run" in page
    assert "waiting" in page
    assert (await owner.get(f"{place}/log")).text.startswith("run ")
    assert (await owner.get(f"{place}?task=99")).status_code == 404
    assert (await owner.post(f"{place}/stop")).status_code == 303
    assert "stopped" in (await owner.get(place)).text
    assert "/stop" not in (await owner.get(place)).text
    assert (await owner.get(f"{HOME}/runs/999")).status_code == 404
    assert (await owner.get(f"{HOME}/runs/999/log")).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"template": "nothing"},
        {"number": "many"},
        {"number": "-1"},
        {"tags": "a/b"},
        {"repositories": "NOT"},
        {"tags": "[" * 400},
        {"tags_way": ["matches", "matches"]},
    ],
)
@pytest.mark.parametrize("do", ["preview", "save"])
async def test_what_does_not_fit(reader: Readers, fields: dict[str, object], do: str) -> None:
    owner = await reader().sign_in("owner")
    answer = await owner.post(f"{HOME}/rules/new", {**RULE, **fields, "do": do})
    assert answer.status_code == 400
    assert "Everything is kept" in (await owner.get(HOME)).text


async def test_tags_that_never_change(harbor: Harbor, reader: Readers) -> None:
    await filled(harbor)
    owner, client = await reader().sign_in("owner"), harbor("owner")
    page = f"{HOME}/never-change"
    assert "Every tag can be moved" in (await owner.get(page)).text
    shown = await owner.post(f"{page}/new", {**TAGS, "tags": "v[12]", "do": "preview"})
    assert "2 of 3 that are there" in shown.text
    assert "app:v1" in shown.text
    assert "app:v3" not in shown.text
    assert await client.get("/projects/own/immutabletagrules") == []
    assert (await owner.post(f"{page}/new", {**TAGS, "tags": "v[12]", "do": "save"})).status_code == 303
    deleted = "/projects/own/repositories/app/artifacts/v1/tags/v1"
    assert (await client("DELETE", deleted)).status_code == 412
    (rule,) = await client.get("/projects/own/immutabletagrules")
    one = f"{page}/{rule['id']}"
    assert 'value="v[12]"' in (await owner.get(one)).text
    assert (await owner.post(f"{page}/new", {**TAGS, "tags": "v[12]", "do": "save"})).status_code == 400
    assert (await owner.post(one, {**TAGS, "tags": "v2", "do": "save"})).status_code == 303
    assert (await client("DELETE", deleted)).status_code == 200
    deleted = "/projects/own/repositories/app/artifacts/v2/tags/v2"
    assert (await owner.post(f"{one}/switch")).status_code == 303
    assert (await owner.post(f"{one}/switch", {"on": "1"})).status_code == 303
    assert (await client("DELETE", deleted)).status_code == 412
    assert (await owner.post(f"{one}/remove")).status_code == 303
    assert (await client("DELETE", deleted)).status_code == 200
    assert (await owner.get(one)).status_code == 404


async def test_holds(harbor: Harbor, reader: Readers) -> None:
    await filled(harbor)
    owner, client = await reader().sign_in("owner"), harbor("owner")
    page = f"{HOME}/holds"
    assert "Nothing is held" in (await owner.get(page)).text
    assert (await owner.post(page, {"what": "app:v1", "reason": "<case> 12"})).status_code == 303
    shown = (await owner.get(page)).text
    assert "own/app:v1 is held." in shown
    assert "&lt;case&gt; 12" in shown
    assert (await client("DELETE", "/projects/own/repositories/app/artifacts/v1")).status_code == 412
    for what in ("own/app", ""):
        assert (await owner.post(page, {"what": what})).status_code == 303
    for what in ("app:v1", "app:v9", "nothing", "app@sha256:1", "APP", "a" * 500):
        answer = await owner.post(page, {"what": what})
        assert answer.status_code == 400, what
        assert 'role="alert"' in answer.text
    for hold in await client.get("/projects/own/holds"):
        assert (await owner.post(f"{page}/{hold['id']}/lift")).status_code == 303
    assert "Nothing is held" in (await owner.get(page)).text
    keeper = await reader().sign_in("keeper")
    assert "Hold something" not in (await keeper.get(page)).text


async def test_who_may_not_see_rules_finds_no_way_there(reader: Readers) -> None:
    visitor, maker = await reader().sign_in("visitor"), await reader().sign_in("maker")
    assert f'href="{HOME}"' not in (await visitor.get("/own")).text
    page = (await maker.get(HOME)).text
    assert "New rule" in page
    assert "/never-change" not in page
