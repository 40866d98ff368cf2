"""The whole application of a small organisation, as clients of the management API meet it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts import access_house
from contracts.access_house import PASSWORD, basic
from contracts.event_fields import differing
from entrepot.access.first_start import FirstStart
from entrepot.app import House, route, rules_of
from entrepot.config import Settings
from entrepot.registry.pulls import Pulls
from entrepot.registry.usage import Usage
from entrepot.storage.memory import MemoryStorage
from entrepot.tasks.prove import Prover
from entrepot.tasks.repair import Repairer

API = "/api/v2.0"


class Client:
    """Somebody who asks: everything goes through the whole application, as from a connection."""

    def __init__(self, http: httpx.AsyncClient, authorization: str | None) -> None:
        self._http = http
        self._authorization = authorization

    async def __call__(
        self, method: str, path: str, json: Any = None, *, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """The answer; `path` is below the API unless it names one of the registry's own."""
        told = dict(headers or {})
        if self._authorization is not None:
            told.setdefault("Authorization", self._authorization)
        if json is not None:
            more["json"] = json
        url = path if path.startswith(("/v2/", "/api/", "/c/", "/service/")) else f"{API}{path}"
        return await self._http.request(method, url, headers=told, **more)

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of an answer that must be a success."""
        answer = await self("GET", path, params=params)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()

    async def post(self, path: str, json: Any, status: int = 201) -> str:
        """The Location of what was made."""
        answer = await self("POST", path, json)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.headers.get("location", "")


class Harbor:
    """Clients by name: `harbor("owner")`; nobody is `harbor()`. Who they are: see `access_house`."""

    def __init__(self, whole: House, http: httpx.AsyncClient, application: Any) -> None:
        self.whole = whole
        self.http = http
        self.application = application

    def __call__(self, name: str | None = None, password: str = PASSWORD) -> Client:
        """Somebody of that name."""
        return Client(self.http, None if name is None else basic(name, password))


@pytest.fixture
async def harbor(house: access_house.House, tmp_path: Path) -> AsyncIterator[Harbor]:
    settings = Settings(data=tmp_path)
    storage, rules, pulls = MemoryStorage(), rules_of(settings), Pulls(house.db)
    whole = House(
        settings=settings,
        rules=rules,
        db=house.db,
        storage=storage,
        first_start=FirstStart(first=False),
        people=house.people,
        projects=house.projects,
        gate=house.gate,
        keys=house.keys,
        passwords=house.passwords,
        tokens=house.tokens,
        prover=Prover(house.db, storage, sparse_indexes=False),
        repairer=Repairer(house.db, storage),
        pulls=pulls,
        usage=Usage(house.db),
    )
    application = route(whole, {"database": _works, "storage": _works})
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.example") as http:
        yield Harbor(whole, http, application)
    await pulls.close()
    others = await house.db.read(differing)
    assert not others, "\n".join(others)


async def _works() -> None:
    pass
