"""Signing in and out, and how pages look to whoever reads them."""

from dataclasses import replace

from entrepot.model.errors import Invalid, TooManyAttempts, Unauthenticated
from entrepot.web.answer import Answer, Go, View
from entrepot.web.ask import Ask
from entrepot.web.door import THEMES, preference
from entrepot.web.route import Route, reading
from entrepot.web.subject import Place, ours
from entrepot.web.voice import LANGUAGES
from entrepot.wire import cookies


async def show(ask: Ask) -> Answer:
    """The form; who is signed in already is sent on."""
    if ask.session:
        return Go(ours(ask.query.text("next")))
    registration = await ask.parts.configuration.is_on("self_registration")
    return View(
        "sign_in", {"next": ours(ask.query.text("next")), "name": "", "wrong": "", "registration": registration}
    )


async def sign_in(ask: Ask) -> Answer:
    """Begins a session; wrong credentials show the form again."""
    name, origin = ask.form.text("name"), ask.asker.origin
    target = ours(ask.form.text("next"))
    try:
        identity = await ask.parts.gate.sign_in(name, ask.form.secret("password"), origin.address)
    except (Unauthenticated, TooManyAttempts) as error:
        wrong = (
            ask.say("Too many wrong passwords: wait %(seconds)s seconds, then try again.", seconds=error.retry_after)
            if isinstance(error, TooManyAttempts)
            else ask.say("The name or the password is wrong.")
        )
        status = 429 if isinstance(error, TooManyAttempts) else 401
        registration = await ask.parts.configuration.is_on("self_registration")
        shown = {"next": target, "name": name[:255], "wrong": wrong, "registration": registration}
        return View("sign_in", shown, status=status)
    minutes = await ask.parts.configuration.session_minutes()
    cookie = await ask.parts.sessions.begin(identity, origin, minutes, replacing=ask.session or None)
    return Go(target, cookies=(cookies.write(cookies.SESSION, cookie, secure=ask.secure, same_site="Lax"),))


async def sign_out(ask: Ask) -> Answer:
    """Ends the session of this browser."""
    if ask.session:
        await ask.parts.sessions.end(ask.session, replace(ask.principal, origin=ask.asker.origin))
    return Go("/", cookies=(cookies.clear(cookies.SESSION, secure=ask.secure, same_site="Lax"),))


async def prefer(ask: Ask) -> Answer:
    """Keeps the language or the theme that was chosen. Raises Invalid."""
    kept = []
    for name, known in ((cookies.LANGUAGE, (*LANGUAGES,)), (cookies.THEME, THEMES)):
        if value := ask.form.text(name):
            if value not in known:
                raise Invalid(f"{name} is one of {', '.join(known)}")
            kept.append(preference(name, value, secure=ask.secure))
    return Go(ours(ask.form.text("next")), cookies=tuple(kept))


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "sign-in", show),
    Route("POST", Place.HOUSE, "sign-in", sign_in, while_read_only=True),
    Route("POST", Place.HOUSE, "sign-out", sign_out, while_read_only=True),
    Route("POST", Place.HOUSE, "prefer", prefer, while_read_only=True),
)
