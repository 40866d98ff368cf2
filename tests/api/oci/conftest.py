from collections.abc import AsyncIterator

import httpx
import oci_doubles
import pytest

from entrepot.api.oci.app import OciApp


@pytest.fixture
def content() -> oci_doubles.Content:
    return oci_doubles.Content()


@pytest.fixture
def app(content: oci_doubles.Content) -> OciApp:
    return oci_doubles.make_app(content)


@pytest.fixture
async def owner(app: OciApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://registry.test", headers=oci_doubles.OWNER
    ) as client:
        yield client
