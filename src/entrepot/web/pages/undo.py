"""Undoing what was just deleted, from the sentence that told of it or from a list of the trash."""

from entrepot.model.errors import Invalid, NameTaken, Unauthenticated
from entrepot.registry.restorations import Wish
from entrepot.web.answer import Answer, Go, Said
from entrepot.web.ask import Ask
from entrepot.web.route import Route, changing
from entrepot.web.subject import Place, address, ours

MOST = 100


async def undo(ask: Ask) -> Answer:
    """Restores deletions, each as a whole, and goes back to where one was. Raises as `Trash.restore`."""
    if ask.principal.anonymous:
        raise Unauthenticated("sign in to undo this")
    ids = ask.form.many("id")
    if not 1 <= len(ids) <= MOST or not all(one.isascii() and one.isdigit() and len(one) <= 17 for one in ids):
        raise Invalid(f"name one to {MOST} deletions to undo")
    for one in ids:
        grant = await ask.parts.management.trashed(ask.asker, int(one))
        try:
            await ask.parts.trash.restore(grant, Wish(rename_tags=True))
        except NameTaken as error:
            # Its own page asks for another name.
            return Go(address(page=f"trash/{int(one)}"), Said(ask.voice.told(str(error)), bad=True))
    return Go(ours(ask.form.text("next")), Said(ask.say("It is there again, as it was.")))


ROUTES: tuple[Route, ...] = (changing(Place.HOUSE, "undo", undo),)
