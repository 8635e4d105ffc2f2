"""Pictures: upright, small enough, without anything but pixels."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from tests.corpus.image_papers import PAPERS, drawing, heic, multi_page_tiff, saved
from tests.corpus.paper import Paper
from tests.support import papers

from samovar.domain.errors import FileDamaged, FileTooComplex
from samovar.domain.page import DocumentHead, ParsedPage, Picture
from samovar.parsers import image
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=20, pixels=25_000_000)


def _pages(content: bytes, limits: ParserLimits = _LIMITS, first_page: int = 1) -> list[ParsedPage]:
    head, *pages = image.read(content, "x", limits, first_page=first_page)
    assert isinstance(head, DocumentHead)
    return [page for page in pages if isinstance(page, ParsedPage)]


def _read(content: bytes) -> tuple[Picture, Image.Image]:
    (page,) = _pages(content)
    (figure,) = page.figures
    opened = Image.open(BytesIO(figure.picture.content))
    assert opened.size == (figure.picture.width, figure.picture.height)
    assert (page.page.width, page.page.height) == (float(opened.width), float(opened.height))
    return figure.picture, opened


def _colours(opened: Image.Image) -> tuple[str, str, str]:
    """The names of the colours in the middle of the two rectangles and in the corner, by their strongest part."""
    pixels = np.asarray(opened.convert("RGB")).astype(int)
    height, width, _ = pixels.shape
    names = []
    for x, y in ((width // 3, height // 2), (width * 5 // 6, height * 3 // 4), (2, 2)):
        red, green, blue = pixels[y, x]
        names.append("white" if min(red, green, blue) > 200 else "red" if red > blue else "blue")
    return names[0], names[1], names[2]


@pytest.mark.parametrize(
    "paper",
    [paper for paper in PAPERS if paper.name not in ("image_tiff_pages", "image_png_sixteen_bits", "image_png_alpha")],
    ids=lambda paper: paper.name,
)
def test_every_kind_of_picture_shows_what_was_drawn(paper: Paper) -> None:
    _, opened = _read(paper.make())
    assert _colours(opened) == ("red", "blue", "white")


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_kind_of_picture_is_known_by_its_content_and_waits_for_ocr(paper: Paper) -> None:
    content = paper.make()
    assert image.recognises(content, "x")
    pages = _pages(content)
    assert [page.page.number for page in pages] == ([None] if len(pages) == 1 else [1, 2, 3])
    for page in pages:
        assert (page.page.text, page.page.status, page.page.reason) == ("", "waiting", "no_text_layer")


@pytest.mark.parametrize(
    "content",
    [b"", b"BM", b"BMW 320 is a car, and this is a text about it.", b"RIFF\0\0\0\0WAVE", b"\0\0\0\x18ftypmp42"],
)
def test_what_only_begins_like_a_picture_is_none(content: bytes) -> None:
    assert not image.recognises(content, "picture.png")


def test_a_drawing_stays_a_png_and_a_photograph_becomes_a_jpeg() -> None:
    assert _read(papers.red_circle_png())[0].media_type == "image/png"
    assert _read(papers.photograph_jpeg())[0].media_type == "image/jpeg"


def test_a_transparent_picture_keeps_its_transparency() -> None:
    picture, opened = _read(saved(Image.new("RGBA", (20, 20), (255, 0, 0, 100)), "PNG"))
    assert picture.media_type == "image/png"
    assert opened.getpixel((5, 5)) == (255, 0, 0, 100)


def test_metadata_is_gone_and_the_picture_stands_upright() -> None:
    picture, opened = _read(papers.tagged_jpeg())
    assert (picture.width, picture.height) == (200, 400)
    assert b"planted" in papers.tagged_jpeg()
    assert b"planted" not in picture.content
    assert not opened.getexif()


@pytest.mark.parametrize("size", [(3000, 1000), (1000, 3000), (5000, 2)])
def test_a_large_picture_is_made_smaller_and_keeps_its_shape(size: tuple[int, int]) -> None:
    picture, _ = _read(papers.photograph_jpeg(*size))
    assert max(picture.width, picture.height) == 1568
    assert picture.width / picture.height == pytest.approx(size[0] / max(size[1], 4), rel=0.5)


def test_a_large_drawing_stays_a_png() -> None:
    assert _read(papers.red_circle_png(3000))[0].media_type == "image/png"


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_every_mode_of_png_is_read(mode: str) -> None:
    _, opened = _read(saved(Image.new(mode, (10, 10), 1 if mode == "1" else 0), "PNG"))
    assert opened.convert("L").getpixel((5, 5)) in (0, 255)


def test_sixteen_bits_keep_their_brightness() -> None:
    _, opened = _read(saved(Image.new("I;16", (10, 10), 32_768), "PNG"))
    assert opened.getpixel((5, 5)) == pytest.approx(128, abs=2)


def test_a_picture_is_drawn_from_its_original_and_never_larger() -> None:
    content = saved(drawing(size=(3136, 1600)), "PNG")
    assert image.render_page(content, 1, 2400, _LIMITS).width == 2400
    assert image.render_page(content, 1, 9000, _LIMITS).width == 3136
    tall = saved(drawing(size=(1000, 3000)), "PNG")
    assert image.render_page(tall, 1, 500, _LIMITS).width == 500


def test_the_pages_of_a_tiff_are_drawn_one_by_one() -> None:
    content = multi_page_tiff(3)
    assert [image.render_page(content, page, 500, _LIMITS).width for page in (1, 2, 3)] == [96, 104, 112]
    with pytest.raises(FileDamaged):
        image.render_page(content, 4, 500, _LIMITS)


def test_reading_a_tiff_goes_on_where_it_was_left() -> None:
    assert [page.page.number for page in _pages(multi_page_tiff(4), first_page=3)] == [3, 4]


def test_pictures_can_be_left_out() -> None:
    (page,) = _pages(heic(), ParserLimits(pages=1, pixels=1_000_000, figures=0))
    assert page.figures == ()
    assert (page.page.width, page.page.height) == (96, 64)


def test_a_pixel_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(FileTooComplex) as caught:
        _pages(papers.pixel_bomb_png())
    assert caught.value.values == {"name": "x", "reason": "pixels"}


def test_a_page_of_a_tiff_with_too_many_pixels_does_not_lose_the_others() -> None:
    content = saved(
        drawing(size=(60, 40)), "TIFF", save_all=True, append_images=[drawing(size=(600, 400)), drawing(size=(60, 40))]
    )
    pages = _pages(content, ParserLimits(pages=20, pixels=10_000))
    assert [(page.page.status, page.page.reason) for page in pages] == [
        ("waiting", "no_text_layer"),
        ("failed", "pixels"),
        ("waiting", "no_text_layer"),
    ]


def test_a_damaged_page_of_a_tiff_does_not_lose_the_others() -> None:
    content = bytearray(multi_page_tiff(3))
    place = _directory(content, 1)
    (entries,) = struct.unpack_from("<H", content, place)
    for entry in range(place + 2, place + 2 + 12 * entries, 12):
        if struct.unpack_from("<H", content, entry)[0] == 273:  # where its strips lie
            struct.pack_into("<I", content, entry + 8, 0xFFFFFF00)
    pages = _pages(bytes(content))
    assert [page.page.status for page in pages] == ["waiting", "failed", "waiting"]
    assert pages[1].page.reason == "damaged"


def test_a_tiff_whose_directories_run_in_a_circle_comes_to_an_end() -> None:
    content = bytearray(multi_page_tiff(2))
    first, second = _directory(content, 0), _directory(content, 1)
    (entries,) = struct.unpack_from("<H", content, second)
    struct.pack_into("<I", content, second + 2 + 12 * entries, first)
    assert len(_pages(bytes(content))) == 2


def test_a_tiff_of_too_many_pages_is_refused() -> None:
    with pytest.raises(FileTooComplex) as caught:
        _pages(multi_page_tiff(4), ParserLimits(pages=3, pixels=1_000_000))
    assert caught.value.values["reason"] == "pages"


def test_a_tiff_without_pages_is_damaged() -> None:
    for content in (b"II*\0", b"II*\0\0\0\0\0", b"MM\0*\xff\xff\xff\xff", b"II+\0\x08\0\0\0"):
        with pytest.raises(FileDamaged):
            _pages(content)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_a_picture_cut_short_is_damaged_and_nothing_worse(paper: Paper) -> None:
    content = paper.make()
    for share in (0.05, 0.3, 0.6, 0.95):
        try:
            pages = _pages(content[: int(len(content) * share)])
        except FileDamaged:
            continue
        assert paper.name not in ("image_png", "image_jpeg_turned") or share > 0.9
        assert all(page.page.status in ("waiting", "failed") for page in pages)


def _directory(content: bytes | bytearray, number: int) -> int:
    """Where the directory of a page lies, counted from 0, in a little-endian TIFF."""
    (place,) = struct.unpack_from("<I", content, 4)
    for _ in range(number):
        (entries,) = struct.unpack_from("<H", content, place)
        (place,) = struct.unpack_from("<I", content, place + 2 + 12 * entries)
    return int(place)
