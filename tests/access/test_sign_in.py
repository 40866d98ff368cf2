"""Signing in: the same time for everybody, slower with every failure, and never a lock on the owner."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import pytest

from contracts.access_house import ADDRESS, CHEAP, PASSWORD
from entrepot.access import attempts
from entrepot.access.attempts import FORGET_FAILURES, FORGET_SUCCESS, SECOND, Attempts
from entrepot.access.passwords import Cost, Passwords
from entrepot.access.sign_in import WAITING_PER_ADDRESS, SignIn
from entrepot.db import users
from entrepot.db.contract import Database
from entrepot.model.errors import TooManyAttempts, Unauthenticated

ELSEWHERE = "198.51.100.7"


class CountingPasswords(Passwords):
    verified = 0

    async def verify(self, stored: str | None, password: str) -> bool:
        self.verified += 1
        return await super().verify(stored, password)


@pytest.fixture
async def passwords() -> AsyncIterator[CountingPasswords]:
    made = CountingPasswords(CHEAP)
    yield made
    await made.close()


@pytest.fixture
async def sign_in(database: Database, passwords: CountingPasswords) -> SignIn:
    password_hash = await passwords.hash(PASSWORD)
    for name in ("maker", "second"):
        await database.write(lambda tx, name=name: users.insert(tx, name, password_hash, False))
    return SignIn(database, passwords)


async def _fail(sign_in: SignIn, name: str, address: str, times: int = 1) -> None:
    for number in range(times):
        with pytest.raises(Unauthenticated):
            await sign_in.verify(name, f"wrong-{number}-{time.perf_counter_ns()}", address)


async def _pass_time(db: Database, seconds: float) -> None:
    """Makes everything that is held against anybody that much older."""
    micros = int(seconds * SECOND)
    await db.write(
        lambda tx: tx.run(
            "UPDATE sign_in_failures SET blocked_until = blocked_until - ?, updated_at = updated_at - ?",
            micros,
            micros,
        )
    )


async def _subjects(db: Database) -> int:
    row = await db.read(lambda tx: tx.one("SELECT count(*) FROM sign_in_failures"))
    return int(row[0]) if row else 0


async def test_five_failures_are_free_and_then_the_waits_double(sign_in: SignIn, database: Database) -> None:
    await _fail(sign_in, "maker", ADDRESS, 5)
    waits = []
    for _ in range(11):
        with pytest.raises(TooManyAttempts) as caught:
            await sign_in.verify("maker", PASSWORD, ADDRESS)
        waits.append(caught.value.retry_after)
        assert str(caught.value.retry_after) in str(caught.value)
        await _pass_time(database, caught.value.retry_after)
        await _fail(sign_in, "maker", ADDRESS)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


async def test_a_refused_attempt_is_not_hashed(sign_in: SignIn, passwords: CountingPasswords) -> None:
    await _fail(sign_in, "maker", ADDRESS, 5)
    before = passwords.verified
    with pytest.raises(TooManyAttempts):
        await sign_in.verify("maker", PASSWORD, ADDRESS)
    assert passwords.verified == before


async def test_nobody_learns_who_exists_from_the_waits(sign_in: SignIn) -> None:
    refusals = []
    for name in ("maker", "nobody-of-that-name"):
        messages = []
        for number in range(7):
            with pytest.raises((Unauthenticated, TooManyAttempts)) as caught:
                await sign_in.verify(name, f"wrong-{number}", f"192.0.2.{len(refusals) + 1}")
            messages.append((type(caught.value), str(caught.value)))
        refusals.append(messages)
    assert refusals[0] == refusals[1]


async def test_many_at_once_do_not_slip_through(sign_in: SignIn, passwords: CountingPasswords) -> None:
    results = await asyncio.gather(
        *(sign_in.verify("maker", f"wrong-{number}", ADDRESS) for number in range(100)), return_exceptions=True
    )
    assert all(isinstance(result, Unauthenticated | TooManyAttempts) for result in results)
    # Two hashes for each, the password's and the secret's; at most one more for each that was under way.
    assert 10 <= passwords.verified <= 14


async def test_the_same_credentials_many_times_at_once_cost_one_hash(
    sign_in: SignIn, passwords: CountingPasswords
) -> None:
    results = await asyncio.gather(*(sign_in.verify("maker", PASSWORD, ADDRESS) for _ in range(50)))
    assert {identity.principal.name for identity in results} == {"maker"}
    assert passwords.verified == 1
    await sign_in.verify("maker", PASSWORD, ADDRESS)
    assert passwords.verified == 1


async def test_who_gives_up_waiting_disturbs_nobody(sign_in: SignIn) -> None:
    first = asyncio.create_task(sign_in.verify("maker", PASSWORD, ADDRESS))
    await asyncio.sleep(0)
    second = asyncio.create_task(sign_in.verify("maker", PASSWORD, ADDRESS))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).principal.name == "maker"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_queue_from_one_address_is_bounded(sign_in: SignIn) -> None:
    tasks = [sign_in.verify(f"name-{n}", "wrong", ADDRESS) for n in range(WAITING_PER_ADDRESS * 3)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert any(isinstance(result, TooManyAttempts) for result in results)
    assert (await sign_in.verify("maker", PASSWORD, ELSEWHERE)).principal.name == "maker"


async def test_a_disabled_account_cannot_sign_in(sign_in: SignIn, database: Database) -> None:
    await database.write(lambda tx: tx.run("UPDATE users SET disabled = ? WHERE name = 'maker'", True))
    with pytest.raises(Unauthenticated) as disabled:
        await sign_in.verify("maker", PASSWORD, ADDRESS)
    with pytest.raises(Unauthenticated) as unknown:
        await sign_in.verify("nobody", PASSWORD, ADDRESS)
    assert str(disabled.value) == str(unknown.value)


async def test_a_success_clears_the_accounts_failures(sign_in: SignIn, database: Database) -> None:
    await _fail(sign_in, "maker", ADDRESS, 4)
    await sign_in.verify("maker", PASSWORD, ADDRESS)
    await _fail(sign_in, "maker", ADDRESS, 4)
    await sign_in.verify("maker", PASSWORD, ADDRESS)


async def test_a_stranger_cannot_lock_out_the_owner(
    database: Database, passwords: CountingPasswords, sign_in: SignIn
) -> None:
    await sign_in.verify("maker", PASSWORD, ADDRESS)
    db_attempts = Attempts(database)
    for number in range(130):
        await db_attempts.failed("maker", f"203.0.113.{number}")
    owner = SignIn(database, passwords)  # One that remembers nothing.
    assert (await owner.verify("maker", PASSWORD, ADDRESS)).principal.name == "maker"
    with pytest.raises(TooManyAttempts) as caught:
        await owner.verify("maker", PASSWORD + "x", ELSEWHERE)
    assert caught.value.retry_after <= 60


async def test_a_neighbour_cannot_lock_out_the_owner(
    database: Database, passwords: CountingPasswords, sign_in: SignIn
) -> None:
    await sign_in.verify("maker", PASSWORD, ADDRESS)
    db_attempts = Attempts(database)
    for number in range(30):
        await db_attempts.failed(f"other-{number}", ADDRESS)
    owner = SignIn(database, passwords)
    assert (await owner.verify("maker", PASSWORD, ADDRESS)).principal.name == "maker"
    with pytest.raises(TooManyAttempts):
        await owner.verify("second", PASSWORD, ADDRESS)


async def test_signing_in_to_an_own_account_frees_no_guesses(sign_in: SignIn, database: Database) -> None:
    """After twenty failures the address waits, whatever succeeded in between."""
    for number in range(20):
        await _fail(sign_in, f"victim-{number}", ADDRESS)
        if number < 19:
            await SignIn(database, sign_in._passwords).verify("second", PASSWORD, ADDRESS)
    with pytest.raises(TooManyAttempts):
        await sign_in.verify("victim-99", "wrong", ADDRESS)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("", "", True),
    ],
)
async def test_what_counts_as_one_address(database: Database, first: str, second: str, same: bool) -> None:
    counted = Attempts(database)
    for _ in range(5):
        await counted.failed("maker", first)
    if same:
        with pytest.raises(TooManyAttempts):
            await counted.check("maker", second)
    else:
        await counted.check("maker", second)


async def test_failures_are_forgotten_after_an_hour(sign_in: SignIn, database: Database) -> None:
    await _fail(sign_in, "maker", ADDRESS, 4)
    await _pass_time(database, FORGET_FAILURES / SECOND + 1)
    await _fail(sign_in, "maker", ADDRESS, 4)
    await sign_in.verify("maker", PASSWORD, ADDRESS)


async def test_the_table_does_not_grow_for_ever(database: Database) -> None:
    counted = Attempts(database)
    await counted.succeeded("maker", ADDRESS)
    for number in range(50):
        await counted.failed(f"name-{number}", f"203.0.113.{number}")
    assert await _subjects(database) == 151
    await _pass_time(database, FORGET_FAILURES / SECOND + 1)
    for _ in range(20):
        await counted.failed("name", ADDRESS)
    assert await _subjects(database) == 4  # The note of the success, and the three counts of the last failures.
    await _pass_time(database, FORGET_SUCCESS / SECOND + 1)
    for _ in range(20):
        await counted.failed("name", ADDRESS)
    assert await _subjects(database) == 3


async def test_the_table_tells_no_names(sign_in: SignIn, database: Database) -> None:
    await _fail(sign_in, "maker", ADDRESS)
    rows = await database.read(lambda tx: tx.all("SELECT subject FROM sign_in_failures"))
    for (subject,) in rows:
        assert "maker" not in subject
        assert ADDRESS not in subject
        assert len(subject) == 40


async def test_processes_count_together(database: Database, passwords: CountingPasswords, sign_in: SignIn) -> None:
    other = SignIn(database, passwords)
    await _fail(sign_in, "maker", ADDRESS, 3)
    await _fail(other, "maker", ADDRESS, 2)
    for process in (sign_in, other):
        with pytest.raises(TooManyAttempts):
            await process.verify("maker", PASSWORD, ADDRESS)


async def test_failures_at_once_on_many_accounts_do_not_block_each_other(database: Database) -> None:
    """They share rows, which each locks in the same order."""
    counted = [Attempts(database) for _ in range(8)]
    await asyncio.gather(*(each.failed(f"name-{n % 3}", f"192.0.2.{n % 2}") for n, each in enumerate(counted * 5)))
    rows = await database.read(lambda tx: tx.all("SELECT failures FROM sign_in_failures"))
    assert sum(row[0] for row in rows) == 3 * 40


async def test_a_sign_in_renews_an_outdated_hash(
    database: Database, sign_in: SignIn, passwords: CountingPasswords
) -> None:
    newer = Passwords(Cost(passes=2, memory=64))
    await SignIn(database, newer).verify("maker", PASSWORD, ADDRESS)
    found = await database.read(lambda tx: users.find_with_password(tx, "maker"))
    assert found is not None
    assert not newer.outdated(found[1])
    assert await newer.verify(found[1], PASSWORD)
    await newer.close()


async def test_somebody_unknown_takes_as_long_as_somebody_known(database: Database) -> None:
    passwords = Passwords(Cost(passes=2, memory=8 * 1024))
    password_hash = await passwords.hash(PASSWORD)
    await database.write(lambda tx: users.insert(tx, "maker", password_hash, False))
    sign_in = SignIn(database, passwords)
    taken: dict[str, list[float]] = {"maker": [], "nobody": []}
    for number in range(40):
        for name, times in taken.items():
            started = time.perf_counter()
            with pytest.raises(Unauthenticated):
                await sign_in.verify(name, f"wrong-{number}", f"198.18.{number}.{len(name)}")
            times.append(time.perf_counter() - started)
    known, unknown = statistics.median(taken["maker"]), statistics.median(taken["nobody"])
    await passwords.close()
    assert 0.5 < known / unknown < 2.0


def test_the_limits_are_those_that_are_documented() -> None:
    text = attempts.__doc__ or ""
    for limit, free in (
        (attempts._PAIR, "5 are free"),
        (attempts._ADDRESS, "20 are free"),
        (attempts._ACCOUNT, "100 are free"),
    ):
        assert free in text
        assert limit.free == int(free.split()[0])
        assert limit.wait(limit.free - 1) == 0
        assert limit.wait(limit.free) == 1
        assert limit.wait(10_000) == limit.longest_wait
