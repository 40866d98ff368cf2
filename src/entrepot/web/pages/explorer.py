"""The explorer of the management API: its operations, made from the document that is served to clients.

Everybody may read it, as everybody may read the document. Requests can be tried by who is signed in, as they could send
them by the session anyway; only those that read: a change is made where the pages say what it takes along.
"""

import asyncio
from collections.abc import Mapping
from itertools import groupby

from entrepot.model.errors import RecordUnknown
from entrepot.web.answer import Answer, View
from entrepot.web.api_operation import Operation, operations_of
from entrepot.web.ask import Ask
from entrepot.web.route import Route, reading
from entrepot.web.subject import Place

LONGEST = 1000
"""Characters of a value that is filled in."""


async def show_operations(ask: Ask) -> Answer:
    """The operations by their tags; those whose words fit, if the address asks for some."""
    text = ask.query.text("q")[:LONGEST]
    every = (await _operations(ask)).values()
    fitting = [one for one in every if _fits(one, text.casefold())]
    ordered = sorted(fitting, key=lambda one: one.tag.casefold())
    groups = [(tag, list(some)) for tag, some in groupby(ordered, lambda one: one.tag)]
    return View("explorer", {"groups": groups, "count": len(fitting), "q": text})


async def show_operation(ask: Ask) -> Answer:
    """One operation; with `?send=`, and all that its path needs, also what it answers. Raises RecordUnknown."""
    name = ask.captured["id"]
    operation = (await _operations(ask)).get(name)
    if operation is None:
        raise RecordUnknown(f"there is no operation {name[:64]!r}")
    values = {one.field: ask.query.text(one.field)[:LONGEST] for one in operation.parameters}
    who = (await ask.visible()).principal
    sent = operation.method == "GET" and not who.anonymous and ask.query.ticked("send")
    shown = {
        "operation": operation,
        "values": values,
        "curl": operation.command(ask.address, "NAME" if who.anonymous else who.name, values),
        "target": operation.address(values) if sent else "",
    }
    return View("explorer_operation", shown)


async def _operations(ask: Ask) -> Mapping[str, Operation]:
    return await asyncio.to_thread(operations_of, ask.parts.api_document)


def _fits(operation: Operation, text: str) -> bool:
    told = (operation.id, operation.tag, operation.path, operation.told, operation.method)
    return all(any(word in one.casefold() for one in told) for word in text.split())


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "api", show_operations),
    reading(Place.HOUSE, "api/{id}", show_operation),
)
