"""What layers make together: as if they had really been unpacked, one upon another."""

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.archives import Member, stack
from entrepot.model.image_difference import Change, Side, differences, tally
from entrepot.model.layer_entry import EntryKind
from entrepot.model.overlay import LayerSummary, find, listing, merge

Unpacked = dict[str, bytes | str | None]
"""By path: the content of a file, None for a directory, `-> x` for a symbolic link."""

names = st.sampled_from(["a", "b", "c"])
folders = st.lists(names, max_size=2).map("/".join)


def _path(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


members = st.one_of(
    st.tuples(st.builds(_path, folders, names), st.sampled_from([b"", b"1", b"22", None, "-> b"])),
    st.tuples(st.builds(lambda folder, name: _path(folder, f".wh.{name}"), folders, names), st.just(b"")),
    st.tuples(st.builds(lambda folder: _path(folder, ".wh..wh..opq"), folders), st.just(b"")),
)
images = st.lists(st.lists(members, max_size=6), max_size=4)


def remove(there: Unpacked, path: str, *, inside_only: bool = False) -> None:
    for each in list(there):
        if each.startswith(f"{path}/" if path else "") or (each == path and not inside_only):
            del there[each]


def unpack(layers: list[list[Member]]) -> Unpacked:
    """The directory that unpacking gives: for each layer whiteouts first, as they count for what is below."""
    there: Unpacked = {}
    for layer in layers:
        for path, _ in layer:
            assert isinstance(path, str)
            folder, _, name = path.rpartition("/")
            if name == ".wh..wh..opq":
                remove(there, folder, inside_only=True)
            elif name.startswith(".wh."):
                remove(there, _path(folder, name.removeprefix(".wh.")))
        for path, content in layer:
            assert isinstance(path, str)
            folder, _, name = path.rpartition("/")
            parts = folder.split("/") if folder else []
            for depth in range(1, len(parts) + 1):
                parent = "/".join(parts[:depth])
                if parent not in there or there[parent] is not None:
                    there[parent] = None
            if name.startswith(".wh."):
                continue
            if content is not None and path in there and there[path] is None:
                remove(there, path)
            there[path] = content
    return there


def told(entry_kind: EntryKind, size: int, link: bytes) -> object:
    if entry_kind.is_directory:
        return None
    return f"-> {link.decode()}" if entry_kind is EntryKind.SYMLINK else size


def expected(there: Unpacked) -> dict[str, object]:
    return {path: len(content) if isinstance(content, bytes) else content for path, content in there.items()}


@given(images)
@settings(max_examples=100, deadline=None)
def test_the_tree_is_what_unpacking_gives(layers: list[list[Member]]) -> None:
    want = expected(unpack(layers))
    indexes = stack(*layers)
    merged = merge(indexes)
    got = {
        path.decode(): told(placed.entry.about.kind, placed.entry.about.size, placed.entry.about.link)
        for path, placed in merged.files()
    }
    assert got == want
    walked: dict[str, object] = {}
    waiting = [b""]
    while waiting:
        inside = listing(indexes, waiting.pop())
        assert inside is not None
        for placed in inside.values():
            about = placed.entry.about
            walked[placed.entry.text] = told(about.kind, about.size, about.link)
            if about.kind.is_directory:
                waiting.append(placed.entry.path)
            found = find(indexes, placed.entry.path)
            assert found is not None
            assert (found.layer, found.entry) == (placed.layer, placed.entry)
    assert walked == want
    for path in (_path(folder, name) for folder in ("", "a", "a/b", "c/c") for name in "abc"):
        assert (find(indexes, path.encode()) is None) == (path not in want)
        kind = want.get(path, 0)
        assert (listing(indexes, path.encode()) is None) == (kind is not None)


@given(images)
@settings(max_examples=100, deadline=None)
def test_bytes_are_wasted_or_found(layers: list[list[Member]]) -> None:
    """Every byte of a layer is found by a container, or told to be wasted."""
    indexes = stack(*layers)
    merged = merge(indexes)
    visible = [0] * len(layers)
    for _, placed in merged.files():
        visible[placed.layer] += placed.entry.about.size
    for number, summary in enumerate(merged.layers):
        assert summary.bytes == summary.wasted + visible[number]
    assert sum(gone.bytes for gone in merged.gone) == sum(summary.wasted for summary in merged.layers)


@given(images, images)
@settings(max_examples=100, deadline=None)
def test_differences_are_those_of_what_is_unpacked(one: list[list[Member]], other: list[list[Member]]) -> None:
    before, after = unpack(one), unpack(other)
    want = dict.fromkeys(after.keys() - before.keys(), Change.ADDED)
    want |= dict.fromkeys(before.keys() - after.keys(), Change.REMOVED)
    want |= {path: Change.CHANGED for path in before.keys() & after.keys() if before[path] != after[path]}
    sides = [Side(indexes, merge(indexes)) for indexes in (stack(*one), stack(*other))]
    found = list(differences(*sides))
    assert {each.path.decode(): each.change for each in found} == want
    counts = tally(*sides, found)
    assert (counts.added, counts.removed) == (len(after.keys() - before.keys()), len(before.keys() - after.keys()))
    assert counts.bytes_after == sum(len(content) for content in after.values() if isinstance(content, bytes))


def test_what_each_layer_did_is_counted() -> None:
    merged = merge(
        stack(
            [("etc", None), ("etc/a", b"12345"), ("etc/b", b"1"), ("d", None), ("d/x", b"22"), ("d/y", b"333")],
            [("etc", None), ("etc/a", b"1234567"), ("etc/.wh.b", b""), ("new", b"n")],
            [(".wh.d", b""), ("d", b"now a file"), ("etc/a", b"!")],
        )
    )
    assert merged.layers == (
        LayerSummary(added=6, changed=0, removed=0, bytes=11, wasted=11),
        LayerSummary(added=1, changed=1, removed=1, bytes=8, wasted=7),
        LayerSummary(added=0, changed=2, removed=2, bytes=11, wasted=0),
    )
    assert [(gone.path, gone.bytes, gone.layer, gone.by) for gone in merged.gone] == [
        (b"etc/a", 7, 1, 2),
        (b"etc/a", 5, 0, 1),
        (b"d/y", 3, 0, 2),
        (b"d/x", 2, 0, 2),
        (b"etc/b", 1, 0, 1),
    ]


def test_a_hard_link_is_the_content_of_its_target() -> None:
    linked = stack([("a", b"same"), ("b", "=> a")])
    upper = stack([("a", b"same")], [("b", "=> a")])
    copied = stack([("a", b"same"), ("b", b"same")])
    for one in (linked, upper):
        assert list(differences(Side(one, merge(one)), Side(copied, merge(copied)))) == []


def test_layers_that_could_not_be_indexed_hold_nothing() -> None:
    layers = [*stack([("a", b"1")]), None, *stack([("b", b"2")])]
    assert {path for path, _ in merge(layers).files()} == {b"a", b"b"}
    assert set(listing(layers, b"") or ()) == {b"a", b"b"}
