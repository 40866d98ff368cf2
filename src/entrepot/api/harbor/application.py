"""The Litestar application of the management API."""

from collections.abc import Sequence

from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Server
from litestar.types import ControllerRouterHandler

from entrepot.api.harbor.failures import LARGEST_BODY, exception_handlers
from entrepot.api.harbor.operation import REQUEST_ID
from entrepot.api.harbor.request import HarborRequest

BASE = "/api/v2.0"


def application(handlers: Sequence[ControllerRouterHandler], *, documented: bool = False) -> Litestar:
    """The management API below `BASE`, which its caller cuts off.

    It holds nothing but its routes: what a request works on comes with it, from the front. Litestar's own pages, logs
    and debug answers are off. `documented` is for `document` alone.
    """
    return Litestar(
        [*handlers],
        parameters={"x_request_id": REQUEST_ID},
        exception_handlers=exception_handlers(),
        request_class=HarborRequest,
        request_max_body_size=LARGEST_BODY,
        openapi_config=_documented() if documented else None,
        logging_config=None,
        debug=False,
    )


def _documented() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Harbor API",
        version="2.0",
        servers=[Server(url=BASE)],
        use_handler_docstrings=True,
    )
