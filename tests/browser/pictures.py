"""Pictures of every page: `script/screenshots [FOLDER] [PART OF A PAGE'S NAME]`."""

import asyncio
import random
import re
import sys
import tempfile
from pathlib import Path

import httpx
from furnish import Made, addresses, furnish, push_sbom, push_whole
from house import Client
from playwright.sync_api import Browser, Page
from pushing import push_index, push_signature

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
SHORT = {"width": 1180, "height": 640}
README = {
    "repository": ("/shop/payments", "light"),
    "layers": ("/shop/payments:2.4/-/layers?layer=2&path=app&file=app/main.py&view=change", "dark"),
}
"""The pictures of README.md: which page, in which theme."""
VERSIONS = {
    "2.3": "RATE = 0.19\n\n\ndef gross(net):\n    return round(net * (1 + RATE), 2)\n",
    "2.4": "from decimal import Decimal\n\nRATE = Decimal('0.19')\n\n\ndef gross(net: Decimal) -> Decimal:\n"
    '    """What a customer pays."""\n    return (net * (1 + RATE)).quantize(Decimal("0.01"))\n',
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
        await _payments(admin)
        for name in ("web", "search"):
            for number in range(4):
                layer = {"app/name": f"{name} {number}".encode()}
                await push_whole(admin, f"shop/{name}", f"2.{number}", layer)
        return await settled(admin, await furnish(admin, "shop"))


async def _payments(admin: Client) -> None:
    """Versions of an image of some size, signed, one upon the other."""
    noise = random.Random(7)
    base = {"usr/bin/python3": noise.randbytes(5_900_000), "usr/lib/libssl.so.3": noise.randbytes(700_000)}
    needed = {"usr/lib/python3/site-packages/stripe.py": noise.randbytes(1_300_000)}
    first, second = VERSIONS.values()
    older = {"app/main.py": first.encode(), "app/README.md": b"Payments\n"}
    for tag in ("2.2", "2.3"):
        await push_whole(admin, "shop/payments", tag, base, {**needed, "etc/version": tag.encode()}, older)
    newest = await push_whole(admin, "shop/payments", "2.4", base, older, {"app/main.py": second.encode()})
    arm = await push_whole(admin, "shop/payments", "2.4-arm64", base, older, architecture="arm64")
    await push_index(admin, "shop/payments", "latest", newest, arm)
    await push_signature(admin, "shop/payments", newest)
    await push_sbom(admin, "shop/payments", newest)


def take_readme(browser: Browser, registry: Server, folder: Path) -> None:
    """Takes the pictures of README.md."""
    for name, (path, theme) in README.items():
        context = browser.new_context(**look(theme=theme))
        page = context.new_page()
        sign_in(page, registry.url, registry.user, registry.password)
        page.set_viewport_size(SHORT)
        _shoot(page, registry.url + path, folder / f"readme-{name}.png")
        context.close()


def _shoot(page: Page, url: str, path: Path) -> None:
    page.goto(url)
    page.locator("[data-again]").wait_for(state="detached")  # Layers are being read.
    page.evaluate("() => document.fonts.ready")
    page.screenshot(path=path)


def take(browser: Browser, registry: Server, made: Made, folder: Path, part: str) -> None:
    """Takes the pictures of pages whose names hold the part."""
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
            name = re.sub(r"[^a-z0-9]+", "-", f"{route.place}-{route.page}").strip("-")
            _shoot(page, registry.url + path, folder / f"{name}.{kind}.png")
        context.close()


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0] if arguments else "build/screenshots")
    with tempfile.TemporaryDirectory() as home:
        registry = Server(Path(home))
        registry.start()
        try:
            made = asyncio.run(fill(registry))
            with chromium() as browser:
                folder.mkdir(parents=True, exist_ok=True)
                take_readme(browser, registry, folder)
                take(browser, registry, made, folder, arguments[1] if len(arguments) > 1 else "")
        finally:
            registry.stop()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    main(sys.argv[1:])
