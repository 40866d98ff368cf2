"""Who comes to a page: the session, the token of forms, the language and the looks that a browser asks for.

Forms carry a token that only our own pages can know: a keyed hash of the session and of a random cookie, masked anew
in every answer so that compressing a page gives nothing of it away. What a page of another site asks for is refused.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.access.identity import NOBODY
from entrepot.access.management import Asker
from entrepot.access.sessions import Sessions
from entrepot.model.errors import Denied
from entrepot.model.grant import Origin
from entrepot.registry.configuration import Configuration
from entrepot.web.voice import LANGUAGES, Voice, preferred_language, voice_of
from entrepot.wire import cookies
from entrepot.wire.asgi import Header, Scope
from entrepot.wire.origin import is_foreign

THEMES = ("system", "light", "dark")
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """What was found out about who comes."""

    asker: Asker
    session: str
    """What the session's cookie holds; empty if none came, or it is over."""
    random: str
    token: str
    """What forms must show, hexadecimal."""
    secure: bool
    voice: Voice
    theme: str
    said: str
    """What the last change left to be told; empty if nothing."""
    cookies: tuple[Header, ...]
    """To be set by the answer."""


class Door:
    """Lets visitors in."""

    def __init__(self, sessions: Sessions, configuration: Configuration, public_url: str) -> None:
        self._sessions = sessions
        self._configuration = configuration
        self._public_url = public_url

    async def visitor(self, scope: Scope) -> Visitor:
        """Who comes. Whoever comes without a session, or with one that is over, is nobody."""
        headers = dict(scope["headers"])
        found = cookies.read(scope["headers"])
        secure = scope.get("scheme") == "https"
        cookie, identity = found.get(cookies.SESSION, ""), None
        if cookie:
            # What an open page asks by itself does not count as somebody being there.
            minutes = await self._configuration.session_minutes()
            identity = await self._sessions.find(cookie, minutes, renew=b"hx-request" not in headers)
        random, set_cookies = found.get(cookies.CSRF, ""), []
        if not random:
            random = secrets.token_urlsafe(24)
            set_cookies.append(cookies.write(cookies.CSRF, random, secure=secure, same_site="Strict"))
        if cookies.SAID in found:
            set_cookies.append(cookies.clear(cookies.SAID, secure=secure, same_site="Lax"))
        session = cookie if identity is not None else ""
        language = found.get(cookies.LANGUAGE, "")
        if language not in LANGUAGES:
            language = preferred_language(headers.get(b"accept-language", b"").decode("latin-1"))
        theme = found.get(cookies.THEME, "")
        state = scope.get("state")
        if identity is not None and state is not None:
            state["principal"] = identity.principal.name
        return Visitor(
            asker=Asker(identity or NOBODY, _origin(scope, headers)),
            session=session,
            random=random,
            token=await self._sessions.guard(session, random),
            secure=secure,
            voice=voice_of(language),
            theme=theme if theme in THEMES else "system",
            said=found.get(cookies.SAID, ""),
            cookies=tuple(set_cookies),
        )

    def check(self, scope: Scope, visitor: Visitor, shown: str) -> None:
        """Returns if a form with that token came from a page of ours. Raises Denied."""
        if is_foreign(dict(scope["headers"]), self._public_url):
            raise Denied(
                "a page of another site asked for this change; if it is the registry's own, "
                "set public_url to the address that browsers use"
            )
        if not hmac.compare_digest(unmasked(shown).encode(), visitor.token.encode()):
            raise Denied("the page was too old for its form to be taken: go back, reload it, and try again")


def preference(name: str, value: str, *, secure: bool) -> Header:
    """The header that keeps a language or theme for a year."""
    return cookies.keep(name, value, secure=secure, seconds=_YEAR)


def masked(token: str) -> str:
    """The token as a page carries it: another text each time."""
    plain = bytes.fromhex(token)
    pad = secrets.token_bytes(len(plain))
    return (pad + bytes(a ^ b for a, b in zip(pad, plain, strict=True))).hex()


def unmasked(text: str) -> str:
    """The token of a masked one; empty if it is none."""
    try:
        both = bytes.fromhex(text)
    except ValueError:
        return ""
    half = len(both) // 2
    return bytes(a ^ b for a, b in zip(both[:half], both[half:], strict=False)).hex()


def _origin(scope: Scope, headers: Mapping[bytes, bytes]) -> Origin:
    client, state = scope.get("client"), scope.get("state") or {}
    return Origin(
        address=str(client[0]) if client else "",
        request_id=str(state.get("request_id", "")),
        agent=headers.get(b"user-agent", b"").decode("latin-1"),
    )
