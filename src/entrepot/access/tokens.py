"""Bearer tokens: JWTs (RFC 7519) in the shape of distribution's token specification, made and verified here alone."""

import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from entrepot.access.identity import NOBODY, Identity, Scope
from entrepot.access.keys import LONGEST_LIFETIME_SECONDS, Keys
from entrepot.access.remembered import Remembered
from entrepot.model.errors import Unauthenticated
from entrepot.model.grant import Principal, Proof
from entrepot.model.project import Action

ISSUER = "entrepot"
AUDIENCE = "entrepot"
ALGORITHM = "ES256"
LIFETIME_SECONDS = 30 * 60
LEEWAY_SECONDS = 30
LONGEST_TOKEN = 32 * 1024
REMEMBER_AT_MOST = 10_000

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+").fullmatch
# A header with anything more (jwk, jku, x5u, x5c, crit …) is not one of ours, so nothing in it needs to be obeyed.
_HEADER = frozenset({"alg", "kid", "typ"})
_ACTIONS = {action.value: action for action in Action}


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token, and what its bearer is told about it."""

    token: str
    lifetime: int
    """Seconds."""
    issued_at: int
    """Seconds since 1970."""


class Tokens:
    """Makes tokens and tells whose they are."""

    def __init__(self, keys: Keys, lifetime: int = LIFETIME_SECONDS) -> None:
        """`lifetime` is in seconds, 60 to 3300; raises ValueError for another."""
        if not 60 <= lifetime <= LONGEST_LIFETIME_SECONDS:
            raise ValueError(f"a token lives for 60 to {LONGEST_LIFETIME_SECONDS} seconds")
        self._keys = keys
        self._lifetime = lifetime
        self._remembered: Remembered[Identity] = Remembered(REMEMBER_AT_MOST)

    async def issue(self, identity: Identity, scope: Scope, *, catalog: bool = False) -> Issued:
        """A token for the identity's principal, good for `scope` and, if so said, for the list of repositories.

        Whether the principal may do what the scope says is the caller's to know; it is asked again at every use.
        """
        key = await self._keys.signing()
        now = int(time.time())
        access = [
            {"type": "repository", "name": name, "actions": sorted(actions)} for name, actions in sorted(scope.items())
        ]
        if catalog:
            access.append({"type": "registry", "name": "catalog", "actions": ["*"]})
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": identity.principal.name,
            "uid": identity.principal.user_id,
            "rid": identity.principal.robot_id,
            "stamp": identity.stamp,
            "access": access,
            "iat": now,
            "nbf": now,
            "exp": now + self._lifetime,
            "jti": secrets.token_urlsafe(12),
        }
        token = jwt.encode({"alg": ALGORITHM, "kid": key.id}, claims, key.private, algorithms=[ALGORITHM])
        return Issued(token=token, lifetime=self._lifetime, issued_at=now)

    async def verify(self, text: str) -> Identity:
        """Whose token it is and what it was made for.

        Nothing about the user is looked up: the principal is never an administrator, and whoever acts on it compares
        the stamp with the user's row first. Raises Unauthenticated.
        """
        remembered_as = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        now = time.time()
        known = self._remembered.get(remembered_as, now)
        if known is not None:
            return known
        if len(text) > LONGEST_TOKEN or not _COMPACT(text):
            raise Unauthenticated("the bearer token is malformed; ask for a new one")
        try:
            claims = await self._claims(text, int(now))
            identity = _identity(claims)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise Unauthenticated("the bearer token is not valid here, or has expired; ask for a new one") from error
        self._remembered.put(remembered_as, identity, float(claims["exp"] + LEEWAY_SECONDS))
        return identity

    def recall(self, text: str) -> tuple[Identity, float] | None:
        """What `verify` would give, and until when (seconds since 1970), for a token that it was given before.

        None for any other. Never waits.
        """
        return self._remembered.with_end(hashlib.sha256(text.encode("utf-8", "replace")).digest(), time.time())

    async def _claims(self, text: str, now: int) -> dict[str, Any]:
        """The claims of one of our tokens that is good now. Raises JoseError, ValueError."""
        header = jws.extract_compact(text.encode()).headers()
        if set(header) != _HEADER or header["alg"] != ALGORITHM or header["typ"] != "JWT":
            raise ValueError("not a header of ours")
        if not isinstance(header["kid"], str):
            raise ValueError("a key is named by a string")
        key = await self._keys.find(header["kid"])
        if key is None:
            raise ValueError("not a key of ours")
        claims = jwt.decode(text, key.verifier, algorithms=[ALGORITHM]).claims
        JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            exp={"essential": True},
            nbf={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
        ).validate(claims)
        if type(claims["exp"]) is not int:
            raise ValueError("an end is a whole number of seconds")
        return claims


def _identity(claims: dict[str, Any]) -> Identity:
    """What the claims say. Raises ValueError, TypeError or KeyError if they are not as `issue` writes them."""
    scope: dict[str, frozenset[Action]] = {}
    catalog = False
    for entry in claims["access"]:
        if entry["type"] == "repository":
            scope[str(entry["name"])] = frozenset(_ACTIONS[action] for action in entry["actions"])
        elif entry["type"] == "registry" and entry["name"] == "catalog":
            catalog = "*" in entry["actions"]
    user_id, robot_id, stamp = claims["uid"], claims["rid"], claims["stamp"]
    if not isinstance(stamp, str):
        raise TypeError("a stamp is a string")
    if user_id is None and robot_id is None:
        return Identity(principal=NOBODY.principal, scope=scope, catalog=False, stamp="")
    if [type(user_id), type(robot_id)] not in ([int, type(None)], [type(None), int]) or not stamp:
        raise TypeError("a user or a robot has an id and a stamp")
    principal = Principal(user_id=user_id, robot_id=robot_id, name=claims["sub"], admin=False, proof=Proof.TOKEN)
    return Identity(principal=principal, scope=scope, catalog=catalog, stamp=stamp)
