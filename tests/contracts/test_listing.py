"""Filters by a part of a name, which mean the same on both databases."""

from string import ascii_lowercase, ascii_uppercase

import pytest

from contracts.instance_rows import insert
from entrepot.db.contract import Database, Transaction
from entrepot.db.listing import Column, Listing, contains, rows
from entrepot.model.errors import Invalid
from entrepot.model.query import Contains, ListQuery

NAMES = [
    *(
        "a",
        "A",
        "aB",
        "Ab",
        "b%c",
        "b_c",
        "bxc",
        "b\\c",
        "b\\%c",
        "50%",
        "v1.2",
        "V1.2-RC",
        "'",
        '"',
        ") LIKE",
        "lower(a)",
    ),
    *(
        "ä",
        "Ä",
        "straße",
        "STRASSE",
        "İ",
        "i",
        "\N{LATIN SMALL LETTER DOTLESS I}",
        "\N{FULLWIDTH LATIN SMALL LETTER V}",
        "K",
        "k",
        "\N{KELVIN SIGN}",
        "镜像",
        "😀",
        " ",
        "a b",
    ),
]
PARTS = [*NAMES, "", "%", "_", "\\", "\\\\", "%%", "1.2", "rc", "RC", "v1", "像", "zz", "?", "{0}"]
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
EVERY = Listing(
    select="i.name", source="FROM instance i", columns={"name": Column("i.name")}, order="i.name", unique="i.name"
)


def holding(part: str) -> list[str]:
    """The names that hold the part, by the case of ASCII letters alone."""
    return sorted(name for name in NAMES if part.translate(_LOWER) in name.translate(_LOWER))


@pytest.mark.parametrize(
    "expression", ["i.name", "coalesce(NULL, i.name)", "(SELECT n.name FROM instance n WHERE n.name = i.name)"]
)
async def test_a_part_is_found_whatever_the_case_of_its_ascii_letters(database: Database, expression: str) -> None:
    def every_part(tx: Transaction) -> dict[str, list[str]]:
        found = {}
        for part in PARTS:
            condition, values = contains(expression, part)
            found[part] = sorted(row[0] for row in tx.all(f"SELECT i.name FROM instance i WHERE {condition}", *values))
        return found

    await database.write(lambda tx: [insert(tx, name) for name in NAMES])
    assert await database.read(every_part) == {part: holding(part) for part in PARTS}


async def test_of_lower_case_names_a_part_is_found_as_it_is(database: Database) -> None:
    lower = [name for name in NAMES if name == name.translate(_LOWER)]

    def every_part(tx: Transaction) -> dict[str, list[str]]:
        found = {}
        for part in PARTS:
            condition, values = contains("i.name", part, lower=True)
            found[part] = sorted(row[0] for row in tx.all(f"SELECT i.name FROM instance i WHERE {condition}", *values))
        return found

    await database.write(lambda tx: [insert(tx, name) for name in lower])
    assert await database.read(every_part) == {part: [n for n in holding(part) if n in lower] for part in PARTS}


@pytest.mark.parametrize("part", ["\0", "a\0", "\0a"])
def test_a_nul_is_in_no_name(part: str) -> None:
    with pytest.raises(Invalid):
        contains("i.name", part)


@pytest.mark.parametrize(
    ("page", "size", "shown"), [(1, 2, 2), (2, 2, 1), (3, 2, 0), (1, 3, 3), (2, 3, 0), (1, 50, 3), (9, 50, 0)]
)
async def test_every_page_tells_how_many_there_are(database: Database, page: int, size: int, shown: int) -> None:
    query = ListQuery(conditions={"name": Contains("x")}, page=page, page_size=size)
    await database.write(lambda tx: [insert(tx, name) for name in ("x1", "X2", "y", "3x")])
    found, total = await database.read(lambda tx: rows(tx, EVERY, query))
    assert (len(found), total) == (shown, 3)


async def test_no_page_of_what_there_is_nothing_of(database: Database) -> None:
    query = ListQuery(conditions={"name": Contains("x")})
    assert await database.read(lambda tx: rows(tx, EVERY, query)) == ([], 0)
