from __future__ import annotations

import gzip
import hashlib
import io
import random
import zipfile

import pytest

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.inbound.container import packing_of, sha256_of, unpacked
from gigya_cheetah_assets.inbound.limits import Limits

TEXT = b"GIGYA_UID,EMAIL\nu1,a@example.org\n" * 2000


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def file(tmp_path):
    def make(content: bytes, name: str = "feed.dat"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


def content(path, limits=None, member=None):
    return b"".join(unpacked(path, limits, member=member))


@pytest.mark.parametrize("name", ["feed.dat", "feed.dat.gz", "feed.dat.zip", "feed.dat.txt"])
def test_content_decides_and_never_the_name(file, name):
    assert content(file(TEXT, name)) == TEXT
    assert content(file(gzip.compress(TEXT), name)) == TEXT
    assert content(file(zipped(("x.dat", TEXT)), name)) == TEXT


@pytest.mark.parametrize("member", ["-", "unsubs.dat", "../../etc/passwd", "/abs", "C:\\x", "ä.dat"])
def test_the_single_member_of_a_zip_is_read_whatever_its_name(file, tmp_path, member):
    path = file(zipped((member, TEXT)))
    assert (packing_of(path), content(path)) == ("zip", TEXT)
    assert [entry.name for entry in tmp_path.iterdir()] == ["feed.dat"]


def test_a_stored_zip_and_a_gzip_of_several_members_with_padding_are_read(file):
    assert content(file(zipped(("-", TEXT), method=zipfile.ZIP_STORED))) == TEXT
    assert content(file(gzip.compress(TEXT) + gzip.compress(b"more\n") + b"\x00" * 600)) == TEXT + b"more\n"


def test_pieces_stay_small(file):
    assert max(map(len, unpacked(file(gzip.compress(b"a,b\n" * 3_000_000))))) <= 1 << 20


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 40])
def test_a_cut_gzip_is_refused(file, cut):
    with pytest.raises(RefuseFile, match=r"cut|corrupt"):
        content(file(gzip.compress(TEXT)[:-cut]))


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.99])
def test_a_cut_zip_is_refused(file, keep):
    whole = zipped(("-", TEXT))
    with pytest.raises(RefuseFile, match=r"zip file is cut or corrupt"):
        content(file(whole[: int(len(whole) * keep)]))


def test_a_wrong_checksum_is_refused(file):
    packed = bytearray(gzip.compress(TEXT))
    packed[-6] ^= 0xFF
    with pytest.raises(RefuseFile, match="corrupt"):
        content(file(bytes(packed)))
    stored = zipped(("-", TEXT), method=zipfile.ZIP_STORED).replace(b"u1,a@", b"u2,a@", 1)
    with pytest.raises(RefuseFile, match="corrupt"):
        content(file(stored))


def test_flipped_bits_anywhere_are_refused_or_read_but_never_crash(file):
    chance = random.Random(7)  # noqa: S311 - repeatable, no secret
    for packed in (gzip.compress(TEXT), zipped(("-", TEXT))):
        for _ in range(150):
            broken = bytearray(packed)
            broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
            try:
                content(file(bytes(broken)))
            except RefuseFile:
                continue


def test_bytes_behind_a_gzip_are_refused(file):
    with pytest.raises(RefuseFile, match="behind its end"):
        content(file(gzip.compress(TEXT) + b"x"))
    with pytest.raises(RefuseFile, match="behind its end"):
        content(file(gzip.compress(TEXT) + b"plain text\n"))


@pytest.mark.parametrize(
    "inner",
    [gzip.compress(TEXT), zipped(("-", TEXT)), b"BZh91AY&SY", b"-----BEGIN PGP MESSAGE"],
    ids=["gzip", "zip", "bzip2", "pgp"],
)
def test_a_file_packed_twice_is_refused(file, inner):
    for outer in (gzip.compress(inner), zipped(("-", inner))):
        with pytest.raises(RefuseFile, match="inside the packed file"):
            content(file(outer))


@pytest.mark.parametrize("members", [(), (("a", TEXT), ("b", TEXT)), (("folder/", b""),)])
def test_a_zip_without_exactly_one_file_is_refused(file, members):
    with pytest.raises(RefuseFile, match="one file in it"):
        content(file(zipped(*members)))


def test_an_encrypted_zip_is_refused(file):
    packed = bytearray(zipped(("-", TEXT)))
    packed[6] |= 1
    packed[packed.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(RefuseFile, match="encrypted"):
        content(file(bytes(packed)))


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(("-", data))])
def test_a_bomb_is_stopped_before_it_is_unpacked(file, pack):
    bomb = file(pack(b"\x00" * (200 << 20)))
    read: list[int] = []
    with pytest.raises(RefuseFile, match="times its size"):
        read.extend(map(len, unpacked(bomb)))
    assert sum(read) <= 65 << 20
    with pytest.raises(RefuseFile, match="more than 1000 bytes"):
        content(bomb, Limits(max_bytes=1000))


def test_a_zip_that_lies_about_its_size_is_refused(file):
    packed = zipped(("-", b"a,b\n" * 1000))
    with pytest.raises(RefuseFile):
        content(file(packed.replace((4000).to_bytes(4, "little"), (400).to_bytes(4, "little"))))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"BZh91AY", "bzip2"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstandard"),
        (b"-----BEGIN PGP MESSAGE-----", "PGP"),
        (b"\x85\x01\x0c\x03", "PGP"),
        (b"%PDF-1.4", "PDF"),
    ],
)
def test_other_formats_are_named(file, head, name):
    with pytest.raises(RefuseFile, match=name):
        content(file(head + b"\x00" * 40))


def test_empty_files_are_refused(file):
    for nothing in (b"", gzip.compress(b""), zipped(("-", b""))):
        with pytest.raises(RefuseFile, match=r"empty|none"):
            content(file(nothing))


def test_the_digest_is_that_of_the_file_as_it_lies_there(file):
    packed = gzip.compress(TEXT)
    assert sha256_of(file(packed)) == hashlib.sha256(packed).hexdigest()


def test_the_member_that_the_pattern_names_is_read_and_no_other(file):
    members = [("readme.txt", b"hello"), ("folder/", b""), ("folder/unsubs_20260101.dat", TEXT)]
    assert content(file(zipped(*members)), member="*unsubs_*.dat") == TEXT
    assert content(file(zipped(("-", TEXT))), member="-") == TEXT
    # A packed member beside it, a bomb even, is nobody's business.
    beside = [*members, ("other.gz", gzip.compress(b"\x00" * (80 << 20)))]
    assert content(file(zipped(*beside)), member="*unsubs_*.dat") == TEXT


@pytest.mark.parametrize("members", [[("a.txt", TEXT)], [("a.dat", TEXT), ("b.dat", TEXT)], [("a.dat/", b"")]])
def test_a_pattern_that_fits_no_or_several_members_refuses_the_zip(file, members):
    with pytest.raises(RefuseFile, match=r"member: '\*\.dat' fits, found"):
        content(file(zipped(*members)), member="*.dat")


def test_a_member_that_is_packed_cut_or_a_bomb_is_refused_as_a_single_one_is(file):
    with pytest.raises(RefuseFile, match="inside the packed file"):
        content(file(zipped(("r", b"x"), ("a.dat", gzip.compress(TEXT)))), member="*.dat")
    with pytest.raises(RefuseFile, match="times its size"):
        content(file(zipped(("r", b"x"), ("a.dat", b"\x00" * (80 << 20)))), member="*.dat")
    stored = zipped(("r", b"x"), ("a.dat", TEXT), method=zipfile.ZIP_STORED).replace(b"u1,a@", b"u2,a@", 1)
    with pytest.raises(RefuseFile, match="corrupt"):
        content(file(stored), member="*.dat")


def test_a_name_inside_never_becomes_a_path(file, tmp_path):
    packed = zipped(("../../evil.dat", TEXT), ("/etc/x.txt", b"x"))
    assert content(file(packed), member="*.dat") == TEXT
    assert [entry.name for entry in tmp_path.iterdir()] == ["feed.dat"]


def test_more_members_than_the_limit_are_refused_before_they_are_read(file):
    many = file(zipped(*((f"{number}.dat", b"x") for number in range(30))))
    with pytest.raises(RefuseFile, match="more than 20 entries"):
        content(many, Limits(max_members=20), "1.dat")
    assert content(many, Limits(max_members=30), "1.dat") == b"x"
    # So large a directory is not even parsed: the names in it are as long as names can be.
    long = file(zipped(*((f"{number:0>60000}", b"x") for number in range(3))))
    with pytest.raises(RefuseFile, match="more than 20 entries"):
        content(long, Limits(max_members=20), "*1")


def test_a_directory_that_only_its_zip64_record_tells_of_is_refused_too(file):
    packed = bytearray(zipped(("a.dat", TEXT)))
    at = packed.rindex(b"PK\x05\x06")
    record = b"PK\x06\x06" + bytes(36) + (1 << 40).to_bytes(8, "little") + bytes(8)
    with pytest.raises(RefuseFile, match="more than 1000 entries"):
        content(file(bytes(packed[:at]) + record + b"PK\x06\x07" + bytes(16) + bytes(packed[at:])))


def test_the_next_step_for_an_encrypted_file_is_to_set_pgp(file):
    with pytest.raises(RefuseFile) as caught:
        content(file(b"-----BEGIN PGP MESSAGE-----\n\n"))
    assert "set pgp of this feed" in str(caught.value)
