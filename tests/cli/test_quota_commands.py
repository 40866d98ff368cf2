"""`entrepot quota`, on a registry with something in it."""

import json
from typing import Any

from cli.test_trash_commands import Entrepot, digests, entrepot
from entrepot.model.digest import Digest

__all__ = ["digests", "entrepot"]


def _quotas(entrepot: Entrepot) -> dict[str, Any]:
    return {one.pop("project"): one for one in json.loads(entrepot("quota", "list", "--json")[1])}


def test_quotas_are_listed_explained_and_set(entrepot: Entrepot, digests: list[Digest]) -> None:
    assert len(digests) == 2
    assert entrepot("project", "create", "empty")[0] == 0
    before = _quotas(entrepot)
    assert before["empty"] == {"hard": -1, "used": 0, "trash": 0}
    assert before["library"]["hard"] == -1
    assert before["library"]["used"] > before["library"]["trash"] > 0
    code, _, told = entrepot("quota", "set", "library", "2KiB")
    assert (code, told.startswith("library may hold 2.0 KiB, and holds ")) == (0, True)
    assert _quotas(entrepot) == {**before, "library": {**before["library"], "hard": 2048}}
    first, *_ = entrepot("quota", "list")[1].splitlines()
    assert first.split("\t")[::2] == ["library", "2.0 KiB", first.split("\t")[4]]
    assert first.split("\t")[3] == f"{100 * before['library']['used'] // 2048} %"
    _, table, sentence = entrepot("quota", "show", "library")
    assert "a limit of 2.0 KiB with " in sentence
    assert table.startswith("library/hello\t")
    shown = json.loads(entrepot("quota", "show", "library", "--json")[1])
    assert (shown["hard"], shown["used"]) == (2048, before["library"]["used"])
    assert [one["name"] for one in shown["repositories"]] == ["library/hello"]
    assert entrepot("quota", "set", "library", "1B")[0] == 0
    assert ", which is full" in entrepot("quota", "show", "library")[2]
    assert "any number of bytes" in entrepot("quota", "set", "library", "none")[2]
    assert _quotas(entrepot) == before


def test_what_is_no_size_or_no_project_is_told_in_a_sentence(entrepot: Entrepot, digests: list[Digest]) -> None:
    assert len(digests) == 2
    for size, sentence in (("much", "is not a size"), ("0", "at least one byte"), ("9999999TiB", "may hold 1 to")):
        code, _, told = entrepot("quota", "set", "library", size)
        assert (code, sentence in told) == (2, True), told
    for arguments in (("set", "absent", "1GiB"), ("show", "absent")):
        code, _, told = entrepot("quota", *arguments)
        assert (code, "there is no project absent" in told) == (1, True)
