"""Pictures of every page: `script/screenshots [FOLDER] [PART OF A PAGE'S NAME]`."""

import asyncio
import re
import sys
import tempfile
from pathlib import Path

import httpx
from furnish import Made, addresses, furnish, push_whole
from house import Client
from playwright.sync_api import Browser

from browser.chromium import NARROW, WIDE, chromium, look, sign_in
from browser.settled import settled
from clients.server import Server
from contracts.access_house import basic
from entrepot.web.routes import ROUTES

LOOKS = {
    "light": look(),
    "dark": look(theme="dark"),
    "zh": look("zh"),
    "phone": look(viewport=NARROW),
}
OTHERS = {"web": ("storefront", "checkout"), "data": ("catalogue", "prices", "stock"), "base": ("python", "node")}


async def fill(registry: Server) -> Made:
    """The project `shop` with something of everything, and others beside it."""
    async with httpx.AsyncClient(base_url=registry.url, timeout=60, trust_env=False) as http:
        admin = Client(http, basic(registry.user, registry.password))
        for project, names in OTHERS.items():
            public = {"public": "true" if project == "base" else "false"}
            await admin.post("/projects", {"project_name": project, "metadata": public})
            for name in names:
                for tag in ("1.0", "1.1", "latest"):
                    await push_whole(admin, f"{project}/{name}", tag, {"app/name": f"{name} {tag}".encode()})
        await admin.post("/projects", {"project_name": "shop", "storage_limit": 100_000_000})
        for name in ("web", "payments", "search"):
            for number in range(4):
                layer = {"app/name": f"{name} {number}".encode()}
                await push_whole(admin, f"shop/{name}", f"2.{number}", layer)
        return await settled(admin, await furnish(admin, "shop"))


def take(browser: Browser, registry: Server, made: Made, folder: Path, part: str) -> None:
    """Takes the pictures of pages whose names hold the part."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, options in LOOKS.items():
        context = browser.new_context(**options)
        page = context.new_page()
        page.set_viewport_size(WIDE)
        sign_in(page, registry.url, registry.user, registry.password)
        page.set_viewport_size(options["viewport"])
        for route in ROUTES:
            if route.method != "GET" or part not in f"{route.place}-{route.page}":
                continue
            path = addresses(route, made)[0]
            answer = context.request.get(registry.url + path)
            if "text/html" not in answer.headers["content-type"]:
                continue
            page.goto(registry.url + path)
            page.evaluate("() => document.fonts.ready")
            name = re.sub(r"[^a-z0-9]+", "-", f"{route.place}-{route.page}").strip("-")
            page.screenshot(path=folder / f"{name}.{kind}.png")
        context.close()


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0] if arguments else "build/screenshots")
    with tempfile.TemporaryDirectory() as home:
        registry = Server(Path(home))
        registry.start()
        try:
            made = asyncio.run(fill(registry))
            with chromium() as browser:
                take(browser, registry, made, folder, arguments[1] if len(arguments) > 1 else "")
        finally:
            registry.stop()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    main(sys.argv[1:])
