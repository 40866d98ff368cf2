"""Passwords: the rule, the hashes, and that hashing stops nobody."""

import asyncio
import time

import pytest

from contracts.access_house import CHEAP
from entrepot.access.passwords import Cost, Passwords, check_password, generate_password
from entrepot.model.errors import Invalid


@pytest.mark.parametrize("text", ["Abcdefg1", "A" + "b" * 126 + "1", "Äöüäöü1x", "Pass word 1", "Ab1😀😀😀😀😀"])
def test_good_passwords(text: str) -> None:
    check_password(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Abcdef1",
        "A" + "b" * 127 + "1",
        "abcdefg1",
        "ABCDEFG1",
        "Abcdefgh",
        "Harbor12345",
        "harboR12345",
        "Abcdefg1\n",
        "Abc\0defg1",
        "Abcdefg1\ud800",
    ],
)
def test_bad_passwords(text: str) -> None:
    with pytest.raises(Invalid):
        check_password(text)


def test_generated_passwords_fulfil_the_rule_and_differ() -> None:
    made = {generate_password() for _ in range(200)}
    assert len(made) == 200
    for text in made:
        check_password(text)


async def test_a_hash_knows_its_password() -> None:
    passwords = Passwords(CHEAP)
    stored = await passwords.hash("Right-Horse-7")
    assert stored.startswith("$argon2id$")
    assert stored != await passwords.hash("Right-Horse-7")
    assert await passwords.verify(stored, "Right-Horse-7")
    for wrong in ("", "right-horse-7", "Right-Horse-7 ", "x" * 10_000):
        assert not await passwords.verify(stored, wrong)
    for broken in ("", "x", "$argon2id$", stored[:-10], "$1$abc$def"):
        assert not await passwords.verify(broken, "Right-Horse-7")
    assert not await passwords.verify(None, "Right-Horse-7")
    await passwords.close()


async def test_an_accent_may_be_written_either_way() -> None:
    passwords = Passwords(CHEAP)
    assert await passwords.verify(await passwords.hash("Caf\u00e9-Horse-7"), "Cafe\u0301-Horse-7")
    await passwords.close()


async def test_old_parameters_are_seen() -> None:
    old, new = Passwords(CHEAP), Passwords(Cost(passes=2, memory=64))
    stored = await old.hash("Right-Horse-7")
    assert not old.outdated(stored)
    assert new.outdated(stored)
    assert await new.verify(stored, "Right-Horse-7")
    await asyncio.gather(old.close(), new.close())


async def test_the_loop_goes_on_while_hashing() -> None:
    passwords = Passwords()
    hashing = asyncio.gather(*(passwords.hash("Right-Horse-7") for _ in range(4)))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 20
    await passwords.close()


async def test_a_hash_costs_what_it_should() -> None:
    """Enough that guessing is slow; not so much that signing in is."""
    passwords = Passwords()
    taken = []
    for _ in range(5):
        started = time.thread_time(), time.perf_counter()
        await passwords.hash("Right-Horse-7")
        taken.append(time.perf_counter() - started[1])
    assert 0.02 < min(taken) < 1.0
    await passwords.close()
