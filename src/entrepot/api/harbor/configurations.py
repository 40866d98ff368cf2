"""The system's configuration: `/configurations`."""

from typing import Any

import msgspec
from litestar import get, put
from litestar.params import JSONBody
from msgspec import structs

from entrepot.api.harbor.operation import operation
from entrepot.api.harbor.request import Done, HarborRequest
from entrepot.api.harbor.schema.configuration import (
    BoolConfigItem,
    Configurations,
    ConfigurationsResponse,
    IntegerConfigItem,
    InternalConfigurationValue,
    ScanAllPolicy,
    StringConfigItem,
)
from entrepot.model.errors import Denied
from entrepot.registry.configuration import READ, UPDATE, Current

SCAN_ALL = "scan_all_policy"


@get("/configurations", **operation("getConfigurations", "configure", errors=(401, 403, 500)))
async def get_configurations(request: HarborRequest) -> ConfigurationsResponse:
    """Every setting that can be changed, but for secrets."""
    grant = await request.parts.management.system(request.arrival.asker, READ)
    told: dict[str, Any] = {}
    for current in await request.parts.configuration.read(grant):
        if current.setting.name == SCAN_ALL:
            if current.value:
                told[SCAN_ALL] = msgspec.json.decode(str(current.value), type=ScanAllPolicy)
        elif current.setting.name in ConfigurationsResponse.__struct_fields__:
            told[current.setting.name] = _item(current)
    return ConfigurationsResponse(**told)


@get("/internalconfig", **operation("getInternalconfig", "configure", errors=(401, 403, 500)))
async def get_internal_configuration(request: HarborRequest) -> dict[str, InternalConfigurationValue]:
    """Refused to everybody: Harbor keeps it for its own services, and this registry has none apart."""
    await request.parts.management.signed_in(request.arrival.asker)
    raise Denied("this is for services inside of a Harbor; there are none here")


@put("/configurations", **operation("updateConfigurations", "configure", errors=(400, 401, 403, 422, 500)))
async def update_configurations(request: HarborRequest, data: JSONBody[Configurations]) -> Done:
    """Sets what is given; the rest stays."""
    grant = await request.parts.management.system(request.arrival.asker, UPDATE)
    values = {name: value for name, value in structs.asdict(data).items() if value is not None}
    await request.parts.configuration.change(grant, values)
    return Done()


def _item(current: Current) -> StringConfigItem | BoolConfigItem | IntegerConfigItem:
    value = current.value
    if isinstance(value, bool):
        return BoolConfigItem(value, current.editable)
    if isinstance(value, int):
        return IntegerConfigItem(value, current.editable)
    return StringConfigItem(str(value), current.editable)


HANDLERS = [get_configurations, get_internal_configuration, update_configurations]
