"""What is found in an archive, however it was made."""

import hashlib
import io
import os
import tarfile

import pytest

from contracts.archives import END, drafted, header, indexed, member, pax, tar
from entrepot.model.layer_draft import LayerRefused
from entrepot.model.layer_entry import EntryKind
from entrepot.model.layer_index import MAGIC, DamagedIndex, LayerIndex
from entrepot.model.layer_scan import ScanLimits


def paths(index: LayerIndex) -> list[str]:
    return [entry.text for _, _, entries in index.folders() for entry in entries]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_everything_in_an_archive_is_found_with_its_place(form: int) -> None:
    content = os.urandom(5000)
    archive = tar(("etc", None), ("etc/a", content), ("bin", "-> usr/bin"), ("etc/b", "=> etc/a"), form=form)
    index = indexed(archive)
    assert paths(index) == ["bin", "etc", "etc/a", "etc/b"]
    for name in (b"etc/a", b"etc/b"):
        entry = index.find(name)
        assert entry is not None
        assert archive[entry.about.offset : entry.about.offset + entry.about.size] == content
        assert entry.about.digest == hashlib.sha256(content).digest()
        assert entry.about.mtime == 1_700_000_000
    link = index.find(b"bin")
    assert link is not None
    assert (link.about.kind, link.about.link, link.about.digest) == (EntryKind.SYMLINK, b"usr/bin", b"")
    assert index.find(b"etc/c") is index.find(b"etc/a/b") is None


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_large_numbers_are_read(form: int) -> None:
    long = "/".join(["directory" * 5] * 20) + "/file"
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        info = tarfile.TarInfo(long)
        info.uid, info.gid, info.mtime = 3_000_000, 4_000_000, -5
        archive.addfile(info)
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, long
        archive.addfile(link)
    index = indexed(made.getvalue())
    entry = index.find(long.encode())
    assert entry is not None
    assert (entry.about.uid, entry.about.gid, entry.about.mtime) == (3_000_000, 4_000_000, -5)
    found = index.find(b"link")
    assert found is not None
    assert found.about.link == long.encode()


def test_directories_that_are_not_in_the_archive_are_implied() -> None:
    index = indexed(tar(("a/b/c", b"x"), ("a/b", None)))
    kinds = {entry.text: entry.about.kind for _, _, entries in index.folders() for entry in entries}
    assert kinds == {"a": EntryKind.IMPLIED, "a/b": EntryKind.DIRECTORY, "a/b/c": EntryKind.FILE}


def test_what_comes_later_replaces_what_was_there() -> None:
    index = indexed(tar(("a", None), ("a/b", b"1"), ("a", b"file"), ("c", b"old"), ("c", None), ("c/d", b"2")))
    assert paths(index) == ["a", "c", "c/d"]
    assert index.entries == 3


def test_whiteouts_remove_and_opaque_directories_hide() -> None:
    index = indexed(tar(("a/.wh.gone", b""), ("b/.wh..wh..opq", b""), (".wh..wh.plnk/x", b""), ("a/new", b"1")))
    assert index.removes(b"a/gone")
    assert index.find(b"a/gone") is None
    assert index.is_opaque(b"b")
    assert not index.is_opaque(b"a")
    assert index.hides(b"b/anything/below")
    assert index.hides(b"a/gone/below")
    assert not index.hides(b"a/new")


HOSTILE = [b"../up", b"a/../../up", b"..", b"/..", b".wh...", b".wh..", b".wh.", b"a/.wh..."]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_leads_elsewhere_is_left_out_and_counted(name: bytes) -> None:
    index = indexed(member(name, b"x") + member(b"good", b"y") + END)
    assert "good" in paths(index)
    assert not [path for path in paths(index) if ".." in path]
    assert index.left_out == 1


def test_names_are_kept_inert() -> None:
    names = [b"/etc//./passwd", b"b\xff\xfe", b"esc\x1b[2Jx", b"new\nline", "r\u202egpj.exe".encode()]
    index = indexed(b"".join(member(name) for name in names) + END)
    assert paths(index) == [
        "b\\xff\\xfe",
        "esc\\x1b[2Jx",
        "etc",
        "new\\x0aline",
        "r\\xe2\\x80\\xaegpj.exe",
        "etc/passwd",
    ]


def test_a_name_with_a_nul_is_left_out() -> None:
    assert indexed(pax(path=b"a\0b") + member(b"x") + END).left_out == 1


def test_too_long_and_too_deep_names_are_left_out() -> None:
    index = indexed(pax(path=b"a/" * 3000 + b"x") + member(b"x") + pax(path=b"n" * 5000) + member(b"x") + END)
    assert (index.entries, index.left_out) == (0, 2)


@pytest.mark.parametrize(
    ("archive", "sentence"),
    [
        (b"", "it is empty"),
        (b"{}" * 400, "not a tar archive"),
        (os.urandom(4096), "not a tar archive"),
        (b"short", "ends too early"),
        (header(b"a", 5000) + bytes(100), "ends too early"),
        (header(b"x", 1 << 31, b"x"), "larger than"),
        (member(b"p", b"99 path=x\n", b"x") + member(b"a"), "damaged"),
        (member(b"p", b"9999999999999999999 path=x\n", b"x") + member(b"a"), "damaged"),
        (member(b"p", b"nonsense", b"x") + member(b"a"), "damaged"),
        (pax(size=b"-1e3") + member(b"a"), "damaged"),
        (header(b"a")[:124] + b"zzzzzzzzzzz\0" + header(b"a")[136:], "not a tar archive"),
    ],
)
def test_what_cannot_be_indexed_says_why(archive: bytes, sentence: str) -> None:
    with pytest.raises(LayerRefused, match=sentence):
        indexed(archive)


def test_there_are_limits() -> None:
    many = b"".join(member(b"f%d" % number) for number in range(20)) + END
    assert indexed(many, ScanLimits(entries=20)).entries == 20
    with pytest.raises(LayerRefused, match="more than 19"):
        indexed(many, ScanLimits(entries=19))
    with pytest.raises(LayerRefused, match="longer than can be kept"):
        indexed(many, ScanLimits(names=30))
    with pytest.raises(LayerRefused, match="more than 20 files"):
        indexed(member(b"/".join([b"d"] * 100)) + END, ScanLimits(entries=20))
    with pytest.raises(LayerRefused, match="more than 2 files"):
        indexed(pax(path=b"x") * 6 + END, ScanLimits(entries=2))


def test_what_was_replaced_does_not_count() -> None:
    again = b"".join(member(b"d/f%d" % n) + member(b"d") for n in range(50)) + END
    assert indexed(again, ScanLimits(entries=5)).entries == 1


def test_sparse_files_are_listed_with_their_size() -> None:
    old = header(b"old", 512, b"S", magic=b"ustar  \0", rest=bytes(218) + b"\0" + b"%011o\0" % 99999)
    new = pax(GNU_sparse_major=b"1", GNU_sparse_realsize=b"77777", GNU_sparse_name=b"new") + member(b"x", b"1\n" * 256)
    index = indexed(old + bytes(512) + new + member(b"last", b"z") + END)
    found = {entry.text: (entry.about.kind, entry.about.size, entry.about.offset) for entry in index.children(b"")}
    assert found["old"] == (EntryKind.SPARSE, 99999, 0)
    assert found["new"] == (EntryKind.SPARSE, 77777, 0)
    assert found["last"][0] is EntryKind.FILE


def test_devices_and_unknown_types_are_listed() -> None:
    device = header(b"null", 0, b"3", rest=bytes(64) + b"0000001\0" + b"0000003\0")
    index = indexed(device + member(b"odd", b"12", b"Z") + member(b"old/", b"", b"\0") + END)
    kinds = {entry.text: (entry.about.kind, entry.about.link) for entry in index.children(b"")}
    assert kinds["null"] == (EntryKind.CHARACTER_DEVICE, b"1:3")
    assert kinds["odd"][0] is EntryKind.OTHER
    assert kinds["old"][0] is EntryKind.DIRECTORY


def test_a_damaged_index_is_noticed() -> None:
    good = drafted(tar(("a", b"x"))).encode(0, 1)[0]  # type: ignore[arg-type]
    assert LayerIndex(good).entries == 1
    for bad in (b"", good[:-1], good + b"x", good.replace(MAGIC, b"entrepox")):
        with pytest.raises(DamagedIndex):
            LayerIndex(bad)


def test_names_are_searched() -> None:
    index = indexed(tar(("usr/LIB/libSSL.so", b""), ("usr/lib/ssl", "-> libssl"), ("ssl/x", b""), ("a/sslssl", b"")))
    assert sorted(entry.text for entry in index.search(b"ssl")) == [
        "a/sslssl",
        "ssl",
        "usr/LIB/libSSL.so",
        "usr/lib/ssl",
    ]
    assert [entry.text for entry in index.search(b"lib/lib")] == ["usr/LIB/libSSL.so"]
    assert list(index.search(b"")) == list(index.search(b"nothing")) == []
