"""Pictures are read with care and kept once by content."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from catalog.pictures import (
    KEPT_PX,
    MAX_BYTES,
    PictureError,
    PictureMissing,
    PictureStore,
    PictureStoreError,
    load_picture,
    mime_type,
)

ROOT = Path(__file__).resolve().parents[1]


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def photograph(width: int = 60, height: int = 40) -> Image.Image:
    """Red on its left half, blue on its right."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 30, 200), (width // 2, 0, width, height))
    return image


def vast_png(side: int = 13_000) -> bytes:
    """A PNG of some 20 KB that unfolds to side² pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    squeeze = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    packed = b"".join(squeeze.compress(row) for _ in range(side)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def frames(kind: str) -> bytes:
    still = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    return encoded(still[0], kind, save_all=True, append_images=still[1:], duration=50)


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "pictures")


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (b"", "empty"),
            (b"item_id,title\n1,Toy Story\n", "it is text"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
            (frames("GIF"), "a GIF"),
            (encoded(photograph(), "BMP"), "a BMP"),
            (encoded(photograph(), "TIFF"), "a TIFF"),
            (frames("PNG"), "animated"),
            (frames("WEBP"), "animated"),
            (encoded(photograph(400, 300))[:900], "cut short"),
            (encoded(photograph(400, 300), "PNG")[:-40], "cut short"),
            (encoded(photograph(400, 300), "WEBP")[:-40], "cut short"),
            (b"\xff\xd8\xff", "cut short"),
            (b"RIFF\x10\x00\x00\x00WEBP", "no picture"),
            (b"\x00" * 64, "no picture"),
        ],
    )
    def test_with_the_reason_and_what_to_do(self, data: bytes, said: str, store: PictureStore) -> None:
        with pytest.raises(PictureError, match=said) as refused:
            store.add(data)
        assert refused.value.remedy
        assert not list(store.root.rglob("*.*"))

    def test_more_bytes_than_allowed(self) -> None:
        with pytest.raises(PictureError, match="MiB"):
            load_picture(encoded(photograph()) + bytes(MAX_BYTES))

    def test_a_webp_that_declares_a_vast_canvas(self) -> None:
        body = b"VP8X" + struct.pack("<I", 10) + b"\x00\x00\x00\x00" + b"\xff\x3f\x00" * 2
        with pytest.raises(PictureError, match="16384 × 16384"):
            load_picture(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body)

    @pytest.mark.parametrize("side", [8_000, 13_000, 20_000])
    @pytest.mark.filterwarnings("ignore")
    def test_more_pixels_than_allowed_whatever_the_filters_on_warnings(self, side: int) -> None:
        with pytest.raises(PictureError, match=r"more than the 50 million allowed|more pixels than allowed"):
            load_picture(vast_png(side))

    def test_a_vast_picture_before_any_pixel_of_it_is_decoded(self, tmp_path: Path) -> None:
        bomb = vast_png()
        assert len(bomb) < 40_000
        (tmp_path / "bomb.png").write_bytes(bomb)
        script = (
            "import resource, sys; from pathlib import Path; from catalog.pictures import PictureError, load_picture\n"
            "data = Path(sys.argv[1]).read_bytes(); before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "try: load_picture(data)\n"
            "except PictureError as error: print(error)\n"
            "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before; print(grown); assert grown < 20_000"
        )
        command = [sys.executable, "-c", script, str(tmp_path / "bomb.png")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        assert "more than the 50 million allowed" in done.stdout or "more pixels than allowed" in done.stdout


SOUND = [encoded(photograph(), kind) for kind in ("JPEG", "PNG", "WEBP")] + [frames("PNG")]


@given(
    st.sampled_from(SOUND),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("ignore:Invalid APNG")
def test_whatever_is_changed_in_a_file_it_is_a_picture_or_a_picture_error(
    sound: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(sound)
    for place, value in changes:
        data[place % len(data)] = value
    try:
        told = load_picture(bytes(data[: len(data) - cut])).mode
    except PictureError as error:
        told = error.remedy
    assert told


class TestWhatIsKept:
    def test_a_picture_is_upright_as_its_camera_meant(self, store: PictureStore) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was turned: the left side becomes the top
        kept = load_picture(store.read(store.add(encoded(photograph(), exif=exif))))
        assert kept.size == (40, 60)
        top, bottom = kept.getpixel((20, 5)), kept.getpixel((20, 55))
        assert isinstance(top, tuple)
        assert isinstance(bottom, tuple)
        assert (top[0] > top[2], bottom[0] > bottom[2]) == (True, False)

    def test_where_and_when_it_was_taken_is_dropped(self, store: PictureStore) -> None:
        exif = Image.Exif()
        exif[0x010F] = "SECRET-CAMERA"
        for data in (
            encoded(photograph(), exif=exif, comment=b"SECRET-PLACE", icc_profile=b"SECRET-PROFILE" * 20),
            encoded(photograph(), "PNG", exif=exif),
            encoded(photograph(), "WEBP", exif=exif, xmp=b"SECRET-XMP"),
            encoded(photograph()) + b"SECRET-TAIL",
        ):
            assert b"SECRET" in data
            kept = store.read(store.add(data))
            assert b"SECRET" not in kept
            assert not {"exif", "comment", "icc_profile", "xmp"} & set(Image.open(io.BytesIO(kept)).info)

    def test_its_name_is_the_sha_256_of_the_bytes_kept(self, store: PictureStore) -> None:
        content_hash = store.add(encoded(photograph(3000, 2000), "WEBP"))
        assert hashlib.sha256(store.read(content_hash)).hexdigest() == content_hash
        assert store.path(content_hash).name == f"{content_hash}.jpg"
        assert content_hash in store

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_adding_again_what_was_kept_changes_nothing(self, kind: str, store: PictureStore) -> None:
        content_hash = store.add(encoded(photograph(1600, 900), kind))
        kept = store.read(content_hash)
        assert store.add(kept) == store.add(encoded(photograph(1600, 900), kind)) == content_hash
        assert PictureStore(store.root / "other").add(kept) == content_hash
        assert len(list(store.root.glob("??/*"))) == 1

    def test_a_small_bare_jpeg_stays_as_it_is(self, store: PictureStore) -> None:
        for options in ({}, {"progressive": True}, {"restart_marker_rows": 1}):
            data = encoded(photograph(), **options)
            assert store.read(store.add(data)) == data

    def test_the_longer_side_is_at_most_1024(self, store: PictureStore) -> None:
        assert load_picture(store.read(store.add(encoded(photograph(3000, 1500))))).size == (KEPT_PX, KEPT_PX // 2)
        assert load_picture(store.read(store.add(encoded(photograph(30, 15))))).size == (30, 15)

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
    def test_every_way_of_storing_colour_becomes_rgb(self, mode: str, store: PictureStore) -> None:
        image = Image.new(mode, (30, 30), 65535 if mode == "I;16" else None or (0 if mode != "1" else 1))
        kept = load_picture(store.read(store.add(encoded(image, "JPEG" if mode == "CMYK" else "PNG"))))
        assert kept.mode == "RGB"
        assert kept.info == {}

    def test_sixteen_bits_of_grey_keep_their_tones(self) -> None:
        grey = load_picture(encoded(Image.new("I;16", (4, 4), 32768), "PNG")).getpixel((0, 0))
        assert isinstance(grey, tuple)
        assert grey[0] == pytest.approx(128, abs=1)

    def test_what_is_transparent_lies_on_white(self) -> None:
        assert load_picture(encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 0)), "PNG")).getpixel((0, 0)) == (255, 255, 255)

    def test_a_photograph_with_a_preview_behind_it_is_a_still_picture(self) -> None:
        both = encoded(photograph(), "MPO", save_all=True, append_images=[photograph(20, 10)])
        assert load_picture(both).size == (60, 40)

    def test_a_drawing_stays_sharp_and_a_large_photograph_becomes_a_jpeg(self, store: PictureStore) -> None:
        drawing = encoded(photograph(), "PNG", dpi=(72, 72))
        assert mime_type(store.read(store.add(drawing))) == "image/png"
        noise = Image.frombytes("RGB", (600, 600), os.urandom(600 * 600 * 3))
        assert mime_type(store.read(store.add(encoded(noise, "PNG", dpi=(72, 72))))) == "image/jpeg"


class TestTheStore:
    @pytest.mark.parametrize("name", ["", "0" * 64, "../../etc/passwd", "0" * 63, "A" * 64, "x" * 64, "0" * 64 + "\n"])
    def test_knows_nothing_but_hashes(self, name: str, store: PictureStore) -> None:
        if len(name) > 64:
            (store.root / name[:2]).mkdir(parents=True)
            (store.root / name[:2] / f"{name}.jpg").write_bytes(encoded(photograph()))
        assert name not in store
        with pytest.raises(PictureMissing):
            store.read(name)

    def test_notices_a_file_changed_on_the_disk_and_mends_one_cut_short(self, store: PictureStore) -> None:
        data = encoded(photograph())
        content_hash = store.add(data)
        store.path(content_hash).write_bytes(data[:-1] + b"x")
        with pytest.raises(PictureMissing, match="changed on the disk"):
            store.read(content_hash)
        store.path(content_hash).write_bytes(data[:100])
        assert store.read(store.add(data)) == data

    def test_a_thumbnail_is_a_small_jpeg(self, store: PictureStore) -> None:
        small = store.thumbnail(store.add(encoded(photograph(800, 600))), 64)
        assert Image.open(io.BytesIO(small)).size == (64, 48)
        assert mime_type(small) == "image/jpeg"
        with pytest.raises(ValueError, match="1 to 1024"):
            store.thumbnail("0" * 64, 0)

    def test_a_picture_can_be_forgotten(self, store: PictureStore) -> None:
        content_hash = store.add(encoded(photograph()))
        store.discard(content_hash)
        store.discard(content_hash)
        assert content_hash not in store

    def test_a_full_disk_leaves_nothing_half_written(self, tmp_path: Path) -> None:
        """The limit on the size of a file makes real writes fail where a full disk would."""
        picture = tmp_path / "noise.jpg"
        noise = Image.frombytes("RGB", (200, 200), os.urandom(120_000))
        picture.write_bytes(encoded(noise))
        script = (
            "import resource, sys; from pathlib import Path\n"
            "from catalog.pictures import PictureStore, PictureStoreError\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
            "try: PictureStore(Path(sys.argv[2])).add(Path(sys.argv[1]).read_bytes())\n"
            "except PictureStoreError as error: print(error)\n"
        )
        command = [sys.executable, "-c", script, str(picture), str(tmp_path / "kept")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        assert "free some space" in done.stdout
        assert not [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]

    def test_a_folder_that_cannot_be_made_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(PictureStoreError, match="file"):
            PictureStore(tmp_path / "file").add(encoded(photograph()))


def test_a_picture_is_announced_by_its_hash_before_it_is_there(store: PictureStore) -> None:
    """So that whose it is can be noted first: a kill in between leaves no picture that nobody owns."""
    for data in (encoded(photograph()), encoded(photograph(), "WEBP"), encoded(photograph(2000, 30), "PNG")):
        announced: list[tuple[str, bool]] = []
        tell = lambda content, told=announced: told.append((content, content in store))  # noqa: E731
        first = store.add(data, announce=tell)
        again = store.add(data, announce=tell)
        assert announced == [(first, False), (again, True)]
        assert store.read(first)


def test_a_picture_that_is_refused_is_not_announced_and_one_refused_by_who_is_told_is_not_kept(
    store: PictureStore,
) -> None:
    def refuse(content: str) -> None:
        raise PermissionError(content)

    with pytest.raises(PictureError):
        store.add(b"no picture", announce=refuse)
    with pytest.raises(PermissionError):
        store.add(encoded(photograph()), announce=refuse)
    assert not [path for path in store.root.rglob("*") if path.is_file()]


def test_what_a_killed_write_left_behind_is_swept_up_and_pictures_stay(store: PictureStore) -> None:
    kept = store.add(encoded(photograph()))
    left = store.path(kept).parent / ".new-abc123"
    left.write_bytes(b"half a picture")
    store.sweep()
    assert not left.exists()
    assert store.read(kept)
