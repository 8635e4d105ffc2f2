"""Pictures: upright, small enough, without anything but pixels."""

from io import BytesIO

import pytest
from PIL import Image
from tests.support import papers

from samovar.domain.document import Picture
from samovar.domain.errors import FileDamaged, FileTooComplex
from samovar.parsers import image
from samovar.ports.parser import ParserLimits

_LIMITS = ParserLimits(pages=1, pixels=25_000_000)


def _read(content: bytes) -> tuple[Picture, Image.Image]:
    picture = image.parse(content, "x", _LIMITS).picture
    assert picture is not None
    opened = Image.open(BytesIO(picture.content))
    assert opened.size == (picture.width, picture.height)
    return picture, opened


def _saved(picture: Image.Image, kind: str = "PNG") -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def test_a_drawing_stays_a_png_and_a_photograph_becomes_a_jpeg() -> None:
    assert _read(papers.red_circle_png())[0].media_type == "image/png"
    assert _read(papers.photograph_jpeg())[0].media_type == "image/jpeg"


def test_a_transparent_picture_keeps_its_transparency() -> None:
    picture, opened = _read(_saved(Image.new("RGBA", (20, 20), (255, 0, 0, 100))))
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
    _, opened = _read(_saved(Image.new(mode, (10, 10), 1 if mode == "1" else 0)))
    assert opened.convert("L").getpixel((5, 5)) in (0, 255)


def test_sixteen_bits_keep_their_brightness() -> None:
    _, opened = _read(_saved(Image.new("I;16", (10, 10), 32_768)))
    assert opened.getpixel((5, 5)) == pytest.approx(128, abs=2)


def test_a_printed_jpeg_in_cmyk_is_read() -> None:
    _, opened = _read(_saved(Image.new("CMYK", (10, 10), (0, 255, 255, 0)), "JPEG"))
    red, green, blue = opened.convert("RGB").tobytes()[:3]
    assert red > 200
    assert max(green, blue) < 60


def test_a_pixel_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(FileTooComplex) as caught:
        image.parse(papers.pixel_bomb_png(), "bomb.png", _LIMITS)
    assert caught.value.values == {"name": "bomb.png", "reason": "pixels"}


def test_a_picture_cut_short_is_damaged() -> None:
    for share in (0.3, 0.6, 0.95):
        content = papers.photograph_jpeg()
        with pytest.raises(FileDamaged):
            image.parse(content[: int(len(content) * share)], "x", _LIMITS)
