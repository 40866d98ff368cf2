"""What a browser does for a page: it keeps cookies, and the token that goes with them."""

from typing import Any

import httpx

from contracts.access_house import PASSWORD

TOKEN = "x-harbor-csrf-token"


class Browser:
    """Keeps cookies and the token, as a page does."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.cookies: dict[str, str] = {}
        self.token = ""

    async def ask(
        self, method: str, path: str, *, guarded: bool = True, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """The answer; `guarded`: with the token, as a page of ours sends it."""
        told = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if guarded and self.token:
            told[TOKEN] = self.token
        answer = await self._http.request(method, path, headers={**told, **(headers or {})}, **more)
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        if "Max-Age=0" in answer.headers.get("set-cookie", ""):
            self.cookies.pop("sid", None)
        self.token = answer.headers.get(TOKEN, self.token)
        self._http.cookies.clear()
        return answer

    async def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        await self.ask("GET", "/c/log_out")
        return await self.ask("POST", "/c/login", data={"principal": name, "password": password})
