"""The gate: who gets which grant, who is refused how, and that what is lost is lost at once."""

import itertools

import pytest

from contracts.access_house import ADDRESS, BY_ROLE, PASSWORD, House, basic
from entrepot.access.identity import NOBODY
from entrepot.access.local import shell_grant
from entrepot.db.contract import Transaction
from entrepot.model.errors import Denied, Refused, RepositoryUnknown, ScopeInsufficient, Unauthenticated
from entrepot.model.grant import RepositoryGrant
from entrepot.model.project import Action, Role
from entrepot.model.reference import RepositoryName

PULL, PUSH, DELETE = Action.PULL, Action.PUSH, Action.DELETE
OWN, PUBLIC, ABSENT = (RepositoryName.parse(f"{project}/app") for project in ("own", "public", "absent"))

MAY_IN_OWN = {
    "owner": {PULL, PUSH, DELETE},
    "keeper": {PULL, PUSH, DELETE},
    "maker": {PULL, PUSH},
    "visitor": {PULL},
    "peeker": {PULL},
    "stranger": set(),
    "admin": {PULL, PUSH, DELETE},
    None: set(),
}


async def _grant(house: House, who: str | None, name: RepositoryName, *actions: Action) -> RepositoryGrant:
    identity = await house.gate.identify(basic(who) if who else None, ADDRESS)
    return await house.gate.repository(identity, name, *actions)


def _subsets() -> list[tuple[Action, ...]]:
    return [chosen for size in (1, 2, 3) for chosen in itertools.combinations(Action, size)]


@pytest.mark.parametrize("who", list(MAY_IN_OWN))
async def test_every_role_may_what_the_table_says(house: House, who: str | None) -> None:
    for place, may in ((OWN, MAY_IN_OWN[who]), (PUBLIC, {PULL, PUSH, DELETE} if who == "admin" else {PULL})):
        for actions in _subsets():
            if set(actions) <= may:
                grant = await _grant(house, who, place, *actions)
                assert grant.actions == may
                assert grant.name == place
                assert grant.project.name == place.project
                assert grant.project.public == (place is PUBLIC)
                assert grant.repository_id is None
                assert grant.principal.name == (who or "anonymous")
                assert grant.principal.admin == (who == "admin")
            else:
                with pytest.raises(Denied if who else Unauthenticated):
                    await _grant(house, who, place, *actions)


@pytest.mark.parametrize("who", ["stranger", None])
async def test_private_and_absent_projects_are_refused_alike(house: House, who: str | None) -> None:
    for actions in _subsets():
        refusals = []
        for place in (OWN, ABSENT):
            with pytest.raises(Refused) as caught:
                await _grant(house, who, place, *actions)
            refusals.append((type(caught.value), str(caught.value).replace(place.text, "NAME")))
        assert refusals[0] == refusals[1]


async def test_an_administrator_learns_that_the_project_does_not_exist(house: House) -> None:
    with pytest.raises(Denied, match="create it"):
        await _grant(house, "admin", ABSENT, PULL, PUSH)
    for action in (PULL, DELETE):
        with pytest.raises(RepositoryUnknown):
            await _grant(house, "admin", ABSENT, action)


async def test_a_grant_names_the_repository_that_exists(house: House) -> None:
    def create(tx: Transaction) -> int:
        row = tx.one(
            "INSERT INTO repositories (project_id, name, description, pull_count, created_at, updated_at, live)"
            " SELECT id, 'own/app', '', 0, 1, 1, TRUE FROM projects WHERE name = 'own' RETURNING id"
        )
        assert row is not None
        return int(row[0])

    identifier = await house.db.write(create)
    assert (await _grant(house, "maker", OWN, PULL)).repository_id == identifier
    assert (await _grant(house, "maker", RepositoryName.parse("own/other"), PULL)).repository_id is None


async def test_no_action_is_no_question(house: House) -> None:
    with pytest.raises(ValueError, match="what is to be done"):
        await house.gate.repository(NOBODY, OWN)


MALFORMED = (
    "",
    "Basic",
    "Basic ",
    "Basic !!!",
    "Basic bm9jb2xvbg==",  # no colon
    "Basic Og==",  # neither name nor password
    "Basic OnBhc3M=",  # no name
    "Basic //79",  # not UTF-8
    "Basic " + "A" * 100_000,
    "Basic YQBiOmM=",  # NUL in the name
    "Digest username=x",
    "Bearer",
    "Bearer ",
    "Bearer a.b.c",
    "Bearer \u00e9.b.c",
    "Bearer " + "a" * 100_000,
    "Basic \u00e9",
)


async def test_malformed_credentials_are_no_credentials(house: House) -> None:
    for header in MALFORMED:
        for ask in (house.gate.identify, house.gate.prove):
            with pytest.raises(Unauthenticated):
                await ask(header, ADDRESS)


async def test_the_scheme_is_read_in_any_case(house: House) -> None:
    header = basic("maker").replace("Basic", "bASIC")
    assert (await house.gate.identify(header, ADDRESS)).principal.name == "maker"


async def _token(house: House, who: str, scope: dict[str, frozenset[Action]], *, catalog: bool = False) -> str:
    identity = await house.gate.identify(basic(who), ADDRESS)
    return "Bearer " + (await house.tokens.issue(identity, scope, catalog=catalog)).token


async def test_a_token_grants_its_scope_and_no_more(house: House) -> None:
    identity = await house.gate.identify(await _token(house, "owner", {"own/app": frozenset({PULL})}), ADDRESS)
    assert (await house.gate.repository(identity, OWN, PULL)).actions == {PULL}
    for name, action in ((OWN, PUSH), (OWN, DELETE), (PUBLIC, PULL), (RepositoryName.parse("own/other"), PULL)):
        with pytest.raises(ScopeInsufficient):
            await house.gate.repository(identity, name, action)
    with pytest.raises(Denied):
        await house.gate.repository(identity, ABSENT, PULL)


async def test_a_scope_gives_nothing_that_the_role_does_not(house: House) -> None:
    token = await _token(house, "visitor", {"own/app": frozenset(Action), "absent/app": frozenset(Action)})
    identity = await house.gate.identify(token, ADDRESS)
    assert (await house.gate.repository(identity, OWN, PULL)).actions == {PULL}
    with pytest.raises(Denied):
        await house.gate.repository(identity, OWN, PUSH)
    with pytest.raises(Denied):
        await house.gate.repository(identity, ABSENT, PULL)


async def test_a_token_for_two_repositories_mounts_from_one_to_the_other(house: House) -> None:
    scope = {"own/app": frozenset({PULL, PUSH}), "public/base": frozenset({PULL})}
    identity = await house.gate.identify(await _token(house, "maker", scope), ADDRESS)
    assert PUSH in (await house.gate.repository(identity, OWN, PUSH)).actions
    assert PULL in (await house.gate.repository(identity, RepositoryName.parse("public/base"), PULL)).actions


async def test_an_anonymous_token_pulls_what_is_public(house: House) -> None:
    issued = await house.tokens.issue(NOBODY, {"public/app": frozenset({PULL}), "own/app": frozenset({PULL})})
    identity = await house.gate.identify(f"Bearer {issued.token}", ADDRESS)
    assert identity.principal.anonymous
    assert (await house.gate.repository(identity, PUBLIC, PULL)).actions == {PULL}
    with pytest.raises(Unauthenticated):
        await house.gate.repository(identity, OWN, PULL)
    with pytest.raises(ScopeInsufficient):
        await house.gate.repository(identity, RepositoryName.parse("public/other"), PULL)
    with pytest.raises(Unauthenticated):
        await house.gate.catalog(identity)


async def _use(house: House, header: str) -> None:
    await house.gate.repository(await house.gate.identify(header, ADDRESS), OWN, PUSH)


async def _use_unread(house: House, header: str) -> None:
    await house.gate.repository(await house.gate.prove(header, ADDRESS), OWN, PUSH)


@pytest.mark.parametrize("use", [_use, _use_unread])
@pytest.mark.parametrize("how", ["basic", "token"])
class TestLostAtOnce:
    async def _header(self, house: House, how: str) -> str:
        return basic("maker") if how == "basic" else await _token(house, "maker", {"own/app": frozenset(Action)})

    async def test_a_role(self, house: House, how: str, use) -> None:
        header = await self._header(house, how)
        await use(house, header)
        await house.projects.change_member(shell_grant(), "own", "maker", Role.GUEST)
        with pytest.raises(Denied):
            await use(house, header)
        await house.projects.change_member(shell_grant(), "own", "maker", Role.MAINTAINER)
        await use(house, header)
        await house.projects.remove_member(shell_grant(), "own", "maker")
        with pytest.raises(Denied):
            await use(house, header)

    async def test_the_account(self, house: House, how: str, use) -> None:
        header = await self._header(house, how)
        await use(house, header)
        await house.people.set_disabled(shell_grant(), "maker", True)
        with pytest.raises(Unauthenticated):
            await use(house, header)
        await house.people.set_disabled(shell_grant(), "maker", False)
        await use(house, header)
        await house.people.delete_user(shell_grant(), "maker")
        with pytest.raises(Unauthenticated):
            await use(house, header)
        await house.people.create_user(shell_grant(), "maker", PASSWORD)
        with pytest.raises(Denied if how == "basic" else Unauthenticated):
            await use(house, header)

    async def test_the_password(self, house: House, how: str, use) -> None:
        header = await self._header(house, how)
        await use(house, header)
        await house.people.set_password(shell_grant(), "maker", "Another-Horse-8")
        with pytest.raises(Unauthenticated):
            await use(house, header)
        await house.people.set_password(shell_grant(), "maker", PASSWORD)
        if how == "basic":
            await use(house, header)
        else:
            with pytest.raises(Unauthenticated):
                await use(house, header)

    async def test_administration(self, house: House, how: str, use) -> None:
        header = await self._header(house, how)
        await house.projects.remove_member(shell_grant(), "own", "maker")
        await house.people.set_admin(shell_grant(), "maker", True)
        await use(house, header)
        assert (await house.gate.identify(header, ADDRESS)).principal.admin
        await house.people.set_admin(shell_grant(), "maker", False)
        with pytest.raises(Denied):
            await use(house, header)
        assert not (await house.gate.identify(header, ADDRESS)).principal.admin


async def test_a_proven_token_alone_makes_nobody_an_administrator(house: House) -> None:
    token = await _token(house, "admin", {})
    assert not (await house.gate.prove(token, ADDRESS)).principal.admin
    assert (await house.gate.identify(token, ADDRESS)).principal.admin


async def test_what_is_permitted_of_what_is_wanted(house: House) -> None:
    wanted = {
        OWN: frozenset(Action),
        PUBLIC: frozenset({PULL, PUSH}),
        ABSENT: frozenset(Action),
        RepositoryName.parse("own/second"): frozenset({DELETE}),
    }
    maker = await house.gate.identify(basic("maker"), ADDRESS)
    assert await house.gate.permitted(maker, wanted) == {"own/app": {PULL, PUSH}, "public/app": {PULL}}
    assert await house.gate.permitted(NOBODY, wanted) == {"public/app": {PULL}}
    admin = await house.gate.identify(basic("admin"), ADDRESS)
    assert await house.gate.permitted(admin, wanted) == {
        "own/app": {PULL, PUSH, DELETE},
        "public/app": {PULL, PUSH},
        "own/second": {DELETE},
    }
    await house.people.delete_user(shell_grant(), "maker")
    with pytest.raises(Unauthenticated):
        await house.gate.permitted(maker, wanted)


async def test_the_catalog_shows_what_one_may_know_of(house: House) -> None:
    with pytest.raises(Unauthenticated):
        await house.gate.catalog(NOBODY)
    admin = await house.gate.catalog(await house.gate.identify(basic("admin"), ADDRESS))
    assert admin.everything
    for name in ("stranger", *BY_ROLE):
        grant = await house.gate.catalog(await house.gate.identify(basic(name), ADDRESS))
        assert (grant.everything, grant.principal.name) == (False, name)


async def test_the_catalog_needs_its_scope(house: House) -> None:
    without = await house.gate.prove(await _token(house, "admin", {"own/app": frozenset(Action)}), ADDRESS)
    with pytest.raises(ScopeInsufficient):
        await house.gate.catalog(without)
    token = await _token(house, "admin", {}, catalog=True)
    assert (await house.gate.catalog(await house.gate.prove(token, ADDRESS))).everything
    await house.people.create_user(shell_grant(), "second", PASSWORD, admin=True)
    await house.people.set_admin(shell_grant(), "admin", False)
    assert not (await house.gate.catalog(await house.gate.prove(token, ADDRESS))).everything
    await house.people.delete_user(shell_grant(), "admin")
    with pytest.raises(Unauthenticated):
        await house.gate.catalog(await house.gate.prove(token, ADDRESS))
