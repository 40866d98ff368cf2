"""What happened: who sees what of it, filters, CSV."""

import csv
import io

from house import Harbor
from reader import Readers

from entrepot.model.event import EventName
from entrepot.web.event_words import EVENTS


def test_every_event_has_words() -> None:
    assert {*EVENTS} == {*EventName}


async def test_administrators_see_everything_and_others_their_own(reader: Readers, harbor: Harbor) -> None:
    await harbor("admin").post("/projects", {"project_name": "other"})
    admin, owner, stranger = [await reader().sign_in(name) for name in ("admin", "owner", "stranger")]
    row = '<span class="mono">other</span>'
    assert row in (await admin.get("/-/activity")).text
    page = await owner.get("/-/activity")
    assert page.status_code == 200
    assert row not in page.text
    assert '<span class="mono">own</span>' in page.text
    assert "event-" not in (await stranger.get("/-/activity")).text
    assert (await reader().get("/-/activity")).status_code == 303


async def test_filters(reader: Readers, harbor: Harbor) -> None:
    await harbor("admin").post("/projects", {"project_name": "other"})
    admin = await reader().sign_in("admin")
    for query, there in (
        ("who=admin&what=project:created", True),
        ("who=owner&what=project:created", False),
        ("project=other", True),
        ("project=public", False),
        ("on=the", True),
        ("from=2020-01-01&to=2999-01-01", True),
        ("to=2020-01-01", False),
        ("what=label:created", False),
    ):
        text = (await admin.get(f"/-/activity?{query}")).text
        assert ('<span class="mono">other</span>' in text) == there, query
    for query in ("from=yesterday", "what=x", "to=9999-99-99", "page=0"):
        assert (await admin.get(f"/-/activity?{query}")).status_code == 400, query
    assert (await admin.get("/-/activity?project=none")).status_code == 404
    assert (await admin.get("/-/activity?to=9999-12-31")).status_code == 200
    assert (await (await reader().sign_in("owner")).get("/-/activity?project=other")).status_code == 403


async def test_the_csv_holds_what_fits_and_no_formulas(reader: Readers) -> None:
    admin = await reader().sign_in("admin")
    await reader().get("/-/sign-in")
    somebody = reader()
    await somebody.get("/-/sign-in")
    await somebody.post("/-/sign-in", {"name": "=cmd", "password": "x"})
    answer = await admin.get("/-/activity/export?what=user:signed-in")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["event"] for row in rows} <= {"user:signed-in", "user:refused"}
    assert not any(value.startswith("=") for row in rows for value in row.values())
    assert "admin" in {row["who"] for row in rows}
