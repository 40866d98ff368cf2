"""Somebody with a browser, for the tests of pages."""

import re
from collections.abc import Callable

import httpx

from contracts.access_house import PASSWORD


class Reader:
    """Somebody with a browser: keeps cookies, and fills in forms as they stand in pages."""

    def __init__(self, application: object) -> None:
        transport = httpx.ASGITransport(app=application)  # type: ignore[arg-type]
        self.http = httpx.AsyncClient(transport=transport, base_url="http://registry.test", timeout=60)
        self.token = ""

    async def get(self, path: str, **more: object) -> httpx.Response:
        answer = await self.http.get(path, **more)  # type: ignore[arg-type]
        if found := re.search(r'name="token" value="([0-9a-f]+)"', answer.text):
            self.token = found[1]
        return answer

    async def post(self, path: str, fields: dict[str, object] | None = None, **more: object) -> httpx.Response:
        return await self.http.post(path, data={"token": self.token, **(fields or {})}, **more)  # type: ignore[arg-type]

    async def sign_in(self, name: str, password: str = PASSWORD) -> "Reader":
        await self.get("/-/sign-in")
        answer = await self.post("/-/sign-in", {"name": name, "password": password})
        assert answer.status_code == 303, answer.text
        await self.get("/")
        return self


Readers = Callable[[], Reader]
