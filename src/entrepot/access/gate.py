"""The gate: from an Authorization header to an identity, and from an identity to a Grant, or a refusal.

A Grant costs one read of the database, in which everything that gives a right is looked at as of that moment: the
user (deleted, disabled, administrator, password changed since), the project, the role. So whatever somebody loses is
lost at their next request, whichever token or password they hold.
"""

import base64
import binascii
import hmac
import time
from collections.abc import Hashable, Mapping
from dataclasses import replace

from entrepot.access.identity import NOBODY, Identity, stamp_of
from entrepot.access.names import parse_account_name
from entrepot.access.passwords import LONGEST_PASSWORD, Passwords
from entrepot.access.roles import NOTHING, allowed
from entrepot.access.sign_in import WRONG, SignIn
from entrepot.access.tokens import Tokens
from entrepot.db import members
from entrepot.db.contract import Database, Transaction
from entrepot.db.members import Standing
from entrepot.model.errors import (
    Denied,
    EntrepotError,
    NameInvalid,
    RepositoryUnknown,
    ScopeInsufficient,
    Unauthenticated,
)
from entrepot.model.grant import NOWHERE, CatalogGrant, Origin, Principal, Proof, RepositoryGrant
from entrepot.model.project import Action, Project, Role
from entrepot.model.reference import RepositoryName

# The longest name and password in UTF-8, in base64.
LONGEST_BASIC = 4 * (255 * 4 + 1 + LONGEST_PASSWORD * 4) // 3 + 4

_STALE = "the account or its password has changed; sign in again"
_SIGN_IN = "sign in to do this"


class Gate:
    """Proves who asks, and grants what they may."""

    def __init__(self, db: Database, passwords: Passwords, tokens: Tokens) -> None:
        self._db = db
        self._tokens = tokens
        self._sign_in = SignIn(db, passwords)

    async def identify(self, authorization: str | None, address: str) -> Identity:
        """Who a request with that Authorization header comes from, looked up in the database as of now.

        Without a header: the anonymous principal. `address` is where the request came from; failures count against
        it. Raises Unauthenticated (also for anything malformed), TooManyAttempts.
        """
        identity = await self.prove(authorization, address)
        return await self._current(identity) if identity.principal.proof is Proof.TOKEN else identity

    async def prove(self, authorization: str | None, address: str) -> Identity:
        """As `identify`, but the owner of a token is not looked up, and never seems to be an administrator.

        It spares a read of the database where the identity is only handed on to `repository`, `permitted` or
        `catalog`, which look it up themselves; nothing may be allowed on it alone.
        """
        if authorization is None:
            return NOBODY
        scheme, _, credentials = authorization.strip().partition(" ")
        if scheme.lower() == "bearer":
            return await self._tokens.verify(credentials.strip())
        if scheme.lower() != "basic":
            raise Unauthenticated("send a user name and password (Basic), or a token (Bearer)")
        name, password = _basic(credentials.strip())
        return await self._proven(name, password, address)

    async def sign_in(self, name: str, password: str, address: str) -> Identity:
        """Who has that name and password, looked up as of now. A secret for clients is none.

        Raises Unauthenticated, TooManyAttempts.
        """
        if len(password) > LONGEST_PASSWORD:
            raise Unauthenticated(WRONG)
        try:
            return await self._proven(parse_account_name(name), password, address, clients=False)
        except NameInvalid as error:
            raise Unauthenticated(WRONG) from error  # Nobody can have that name.

    async def sign_in_again(self, authorization: str | None, name: str, address: str) -> None:
        """Returns if the header holds that user's name and password: a session or a secret for clients will not do.

        Raises Unauthenticated, TooManyAttempts.
        """
        scheme, _, credentials = (authorization or "").strip().partition(" ")
        if scheme.lower() != "basic":
            raise Unauthenticated("send your user name and password (Basic)")
        told, password = _basic(credentials.strip())
        if (await self.sign_in(told, password, address)).principal.name != name:
            raise Unauthenticated("send your own user name and password")

    async def _proven(self, name: str, password: str, address: str, *, clients: bool = True) -> Identity:
        identity = await self._sign_in.verify(name, password, address, clients=clients)
        try:
            return await self._current(identity)
        except Unauthenticated:
            # What was remembered is no longer so; the password given may be the right one nevertheless.
            return await self._current(await self._sign_in.verify_again(name, password, address, clients=clients))

    async def repository(
        self, identity: Identity, name: RepositoryName, *actions: Action, origin: Origin = NOWHERE
    ) -> RepositoryGrant:
        """A grant of everything the identity may do with the repository, if that covers all the actions named.

        A repository that does not exist can be granted, in a project that does. `origin` is for whatever is told of
        what will be done with the grant. Raises, alike whether the project does not exist or may not be known:
        Unauthenticated (nobody said who asks, or what they proved is no longer so), Denied. Raises ScopeInsufficient
        if another token could do it. To an administrator, a project that does not exist is RepositoryUnknown, or
        Denied with the advice to create it. ValueError if no action is named.
        """
        if not actions:
            raise ValueError("name what is to be done")
        who = identity.principal
        found = await self._db.read(lambda tx: standing(tx, who, name), key=standing_key(who, name))
        return granted(identity, name, found, frozenset(actions), origin)

    async def permitted(
        self, identity: Identity, wanted: Mapping[RepositoryName, frozenset[Action]]
    ) -> dict[str, frozenset[Action]]:
        """Those of the wanted actions that the identity may do now, by repository; repositories without any left out.

        All of one moment. Raises Unauthenticated if what the identity proved is no longer so.
        """
        who = identity.principal

        def question(tx: Transaction) -> list[tuple[RepositoryName, Standing]]:
            return [(name, standing(tx, who, name)) for name in wanted]

        result = {}
        for name, found in await self._db.read(question):
            live = _live(as_of_now(identity, found), found)
            if actions := identity.within(name.text, live & wanted[name]):
                result[name.text] = actions
        return result

    async def catalog(self, identity: Identity) -> CatalogGrant:
        """A grant to list repositories: all for an administrator, else those of public projects and of one's own.

        Raises Unauthenticated for the anonymous, ScopeInsufficient for a token that was not made for it.
        """
        if identity.principal.anonymous:
            raise Unauthenticated(_SIGN_IN)
        if not identity.may_list:
            raise ScopeInsufficient("the token was not made for the list of repositories")
        principal = (await self._current(identity)).principal
        return CatalogGrant(principal=principal, everything=principal.admin)

    async def _current(self, identity: Identity) -> Identity:
        if identity.principal.anonymous:
            return identity
        return await self._db.read(lambda tx: looked_up(tx, identity))


def _basic(credentials: str) -> tuple[str, str]:
    """The user name and password of Basic credentials (RFC 7617, in UTF-8). Raises Unauthenticated."""
    if len(credentials) > LONGEST_BASIC:
        raise Unauthenticated("the credentials are too long")
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise Unauthenticated("the credentials are malformed: user:password in UTF-8, in base64") from error
    name, colon, password = text.partition(":")
    if not colon:
        raise Unauthenticated("the credentials are malformed: there is no colon between user and password")
    try:
        return parse_account_name(name), password
    except NameInvalid as error:
        raise Unauthenticated(WRONG) from error  # Nobody can have that name, so there is nothing to hash.


def looked_up(tx: Transaction, identity: Identity) -> Identity:
    """The identity of a user or robot, with the principal as of now.

    Raises Unauthenticated if what it proved is no longer so.
    """
    who = identity.principal
    principal = as_of_now(identity, account_standing(tx, who))
    return Identity(principal=principal, scope=identity.scope, catalog=identity.catalog, stamp=identity.stamp)


def account_standing(tx: Transaction, who: Principal) -> Standing:
    """How the account stands, to no project."""
    if who.robot_id is not None:
        return members.robot_standing(tx, who.robot_id, "", "")
    return members.standing(tx, who.user_id, "", "")


def standing(tx: Transaction, who: Principal, name: RepositoryName) -> Standing:
    """How the account stands to the repository and its project."""
    if who.robot_id is not None:
        return members.robot_standing(tx, who.robot_id, name.project, name.text)
    return members.standing(tx, who.user_id, name.project, name.text)


def standing_key(who: Principal, name: RepositoryName) -> Hashable:
    """What the answer to `standing` is remembered under."""
    return ("standing", who.user_id, who.robot_id, name.text)


def granted(
    identity: Identity, name: RepositoryName, found: Standing, needed: frozenset[Action], origin: Origin = NOWHERE
) -> RepositoryGrant:
    """The grant that follows from how the account stands. Raises as `Gate.repository`."""
    principal = as_of_now(identity, found, origin)
    live = _live(principal, found)
    actions = identity.within(name.text, live)
    if found.project_id is None or not needed <= actions:
        raise _refusal(principal, name, needed, live, exists=found.project_id is not None)
    project = Project(
        id=found.project_id,
        name=name.project,
        public=bool(found.public),
        sparse_indexes=None if found.sparse_indexes is None else bool(found.sparse_indexes),
        created_at=found.created_at or 0,
    )
    return RepositoryGrant(
        principal=principal, project=project, name=name, repository_id=found.repository_id, actions=actions
    )


def as_of_now(identity: Identity, found: Standing, origin: Origin = NOWHERE) -> Principal:
    """The principal as of now. Raises Unauthenticated if what the identity proved is no longer so."""
    principal = identity.principal
    if principal.user_id is not None or principal.robot_id is not None:
        if found.password_hash is None or found.disabled or not _still_good(identity.stamp, found):
            raise Unauthenticated(_STALE)
        # By the clock of this machine, for the answer may be one that was remembered.
        if found.expires_at is not None and found.expires_at <= time.time_ns() // 1000:
            raise Unauthenticated(_STALE)
    elif origin is NOWHERE:
        return principal
    admin = bool(found.admin) if principal.user_id is not None else principal.admin
    if principal.admin == admin and origin is NOWHERE:
        return principal
    return replace(principal, admin=admin, origin=origin)


def _still_good(stamp: str, found: Standing) -> bool:
    """Whether what was proven is still the account's password, or its secret for clients."""
    hashes = [one for one in (found.password_hash, found.cli_secret_hash) if one]
    return any(hmac.compare_digest(stamp.encode(), stamp_of(one).encode()) for one in hashes)


def _live(principal: Principal, found: Standing) -> frozenset[Action]:
    """What the principal may do now, whatever a token says."""
    if found.project_id is None:
        return NOTHING
    if principal.robot_id is not None:
        return _BY_BITS[found.allowed or 0] | allowed(admin=False, roles=frozenset(), public=bool(found.public))
    return allowed(admin=principal.admin, roles=roles_of_bits(found.roles), public=bool(found.public))


def roles_of_bits(bits: int | None) -> frozenset[Role]:
    """Roles from a bit for each, `1 << role`."""
    return _ROLES_BY_BITS[bits or 0]


_BY_BITS = [
    frozenset(
        action
        # Who may push may pull too: clients look what is there before they push.
        for action, mask in ((Action.PULL, 1 | 2), (Action.PUSH, 2), (Action.DELETE, 4))
        if bits & mask
    )
    for bits in range(8)
]
_ROLES_BY_BITS = [frozenset(role for role in Role if bits >> role & 1) for bits in range(2 << max(Role))]


def _refusal(
    principal: Principal, name: RepositoryName, needed: frozenset[Action], live: frozenset[Action], *, exists: bool
) -> EntrepotError:
    """The error for what may not be done. Only an administrator's depends on whether the project exists."""
    what = " and ".join(sorted(needed))
    if principal.admin and not exists:
        if Action.PUSH in needed:
            return Denied(f"there is no project {name.project}; create it before pushing to it")
        return RepositoryUnknown(f"there is no project {name.project}")
    if needed <= live:
        return ScopeInsufficient(f"the token was not made to {what} in {name}; ask for one that is")
    if principal.proof is Proof.NOTHING:
        return Unauthenticated(_SIGN_IN)
    if live:
        return Denied(f"{principal.name} may {' and '.join(sorted(live))} in {name}, but not {what}")
    return Denied(f"there is no repository {name}, or {principal.name} may not {what} in it")
