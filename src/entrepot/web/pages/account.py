"""One's own account: who one is, the password, the secret for clients, where one is signed in, how pages look."""

from typing import Any

from entrepot.access.passwords import SHORTEST_PASSWORD, generate_password
from entrepot.access.sessions import is_of
from entrepot.model.errors import Conflict, Denied, Invalid, TooManyAttempts, Unauthenticated
from entrepot.model.grant import AccountGrant
from entrepot.registry.accounts import READ, UPDATE, Profile
from entrepot.web.answer import Answer, Go, Said, View
from entrepot.web.ask import Ask
from entrepot.web.door import THEMES
from entrepot.web.errors import N_
from entrepot.web.route import Route, changing, reading
from entrepot.web.subject import Place, address
from entrepot.wire import cookies

KEPT_HERE = "db_auth"
PAGE = address(page="account")
THEME_NAMES = {"system": N_("As the system"), "light": N_("Light"), "dark": N_("Dark")}


async def show(ask: Ask) -> Answer:
    """The account of who is signed in. Raises Unauthenticated."""
    return await _page(ask)


async def change_profile(ask: Ask) -> Answer:
    """Has the account say something else of its owner. Raises as `Accounts.set_profile`."""
    await require_kept_here(ask)
    profile = Profile(
        email=ask.form.text("email"), realname=ask.form.text("realname"), comment=ask.form.text("comment")
    )
    await ask.parts.accounts.set_profile(await _own(ask), profile)
    return Go(PAGE, Said(ask.say("Your profile is changed.")))


async def change_password(ask: Ask) -> Answer:
    """Gives the account another password; this browser stays signed in, all others do not."""
    await require_kept_here(ask)
    old, new = ask.form.secret("old"), ask.form.secret("new")
    if new != ask.form.secret("again"):
        return await _page(ask, wrong_password=ask.say("The new password was not typed alike twice."), status=400)
    grant = await _own(ask)
    if wrong := await _unproven(ask, old):
        return await _page(ask, wrong_password=wrong, status=403)
    try:
        await ask.parts.accounts.set_password(grant, old, new)
    except (Invalid, Denied) as error:
        return await _page(ask, wrong_password=str(error), status=400)
    origin = ask.asker.origin
    identity = await ask.parts.gate.sign_in(grant.principal.name, new, origin.address)
    await ask.parts.sessions.end_all(grant)
    minutes = await ask.parts.configuration.session_minutes()
    cookie = await ask.parts.sessions.begin(identity, origin, minutes)
    kept = cookies.write(cookies.SESSION, cookie, secure=ask.secure, same_site="Lax")
    return Go(PAGE, Said(ask.say("Your password is changed. Other browsers are signed out.")), (kept,))


async def make_secret(ask: Ask) -> Answer:
    """Makes a secret for clients, and shows it this once: by the password, so that a session alone keeps no way in."""
    grant = await _own(ask)
    if wrong := await _unproven(ask, ask.form.secret("password")):
        return await _page(ask, wrong_secret=wrong, status=403)
    secret = generate_password()
    await ask.parts.accounts.set_cli_secret(grant, secret)
    return await _page(ask, secret=secret)


async def end_session(ask: Ask) -> Answer:
    """Ends one session of one's own. Raises RecordUnknown."""
    await ask.parts.sessions.end_one(await _own(ask), ask.form.text("session"))
    return Go(PAGE, Said(ask.say("That browser is signed out.")))


async def end_sessions(ask: Ask) -> Answer:
    """Ends all sessions of one's own but this one."""
    ended = await ask.parts.sessions.end_all(await _own(ask), but=ask.session)
    return Go(
        PAGE,
        Said(ask.voice.say_many("%(n)s other session is ended.", "%(n)s other sessions are ended.", ended)),
    )


async def show_registration(ask: Ask) -> Answer:
    """The form with which somebody makes an account for themselves. Raises Denied where that is not allowed."""
    await _registering(ask)
    return View("register", {"filled": Profile(email="", realname="", comment=""), "name": "", "wrong": ""})


async def register(ask: Ask) -> Answer:
    """Makes an account and signs its owner in; what does not fit shows the form again."""
    await _registering(ask)
    name, password = ask.form.text("name"), ask.form.secret("password")
    profile = Profile(email=ask.form.text("email"), realname=ask.form.text("realname"), comment="")
    try:
        if password != ask.form.secret("again"):
            raise Invalid(ask.say("The password was not typed alike twice."))
        await ask.parts.accounts.create(ask.parts.management.registering(ask.asker), name, password, profile)
    except (Invalid, Conflict) as error:
        shown = {"filled": profile, "name": name[:255], "wrong": str(error)}
        return View("register", shown, status=400 if isinstance(error, Invalid) else 409)
    origin = ask.asker.origin
    identity = await ask.parts.gate.sign_in(name, password, origin.address)
    minutes = await ask.parts.configuration.session_minutes()
    cookie = await ask.parts.sessions.begin(identity, origin, minutes)
    kept = cookies.write(cookies.SESSION, cookie, secure=ask.secure, same_site="Lax")
    return Go("/", Said(ask.say("Your account %(name)s is there, and you are signed in.", name=name)), (kept,))


async def require_kept_here(ask: Ask) -> None:
    """Returns if accounts are kept in this registry. Raises Denied."""
    mode = await ask.parts.configuration.get("auth_mode")
    if mode != KEPT_HERE:
        raise Denied(f"accounts come from elsewhere (auth_mode is {mode}) and are changed there")


async def _registering(ask: Ask) -> None:
    await require_kept_here(ask)
    if not await ask.parts.configuration.is_on("self_registration"):
        raise Denied("nobody makes an account for themselves here; ask an administrator for one")
    ask.parts.management.registering(ask.asker)


async def _own(ask: Ask) -> AccountGrant:
    principal = (await ask.parts.management.signed_in(ask.asker)).principal
    if principal.user_id is None:
        raise Denied("a robot has no account of its own")
    return await ask.parts.management.account(ask.asker, principal.user_id, UPDATE)


async def _unproven(ask: Ask, password: str) -> str:
    """Why the password is not taken for the asker's own, as a sign-in would be; empty if it is."""
    try:
        await ask.parts.gate.sign_in(ask.principal.name, password, ask.asker.origin.address)
    except TooManyAttempts as error:
        return ask.say("Too many wrong passwords: wait %(seconds)s seconds, then try again.", seconds=error.retry_after)
    except Unauthenticated:
        return ask.say("That is not your password as it is now.")
    return ""


async def _page(ask: Ask, *, status: int = 200, **more: str) -> View:
    own = await _own(ask)
    grant = await ask.parts.management.account(ask.asker, own.user_id, READ)
    found = await ask.parts.sessions.of(own)
    shown: dict[str, Any] = {
        "user": await ask.parts.accounts.get(grant),
        "own_sessions": [(one, is_of(one, ask.session)) for one in found],
        "kept_here": await ask.parts.configuration.get("auth_mode") == KEPT_HERE,
        "themes": {name: THEME_NAMES[name] for name in THEMES},
        "shortest": SHORTEST_PASSWORD,
        "secret": "",
        "wrong_password": "",
        "wrong_secret": "",
        **more,
    }
    return View("account", shown, status=status)


ROUTES: tuple[Route, ...] = (
    reading(Place.HOUSE, "account", show),
    changing(Place.HOUSE, "account/profile", change_profile),
    changing(Place.HOUSE, "account/password", change_password),
    changing(Place.HOUSE, "account/secret", make_secret),
    Route("POST", Place.HOUSE, "account/sessions/end", end_session, while_read_only=True),
    Route("POST", Place.HOUSE, "account/sessions/end-all", end_sessions, while_read_only=True),
    reading(Place.HOUSE, "register", show_registration),
    changing(Place.HOUSE, "register", register),
)
