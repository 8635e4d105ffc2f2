"""The engine answers for every picture, however odd."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from tests.corpus.image_papers import saved
from tests.corpus.typeset import Leaf

from samovar.domain.page import Picture
from samovar.ocr.data import LANGUAGES, find
from samovar.ocr.engine import Engine, EngineNotLoadedError, load


@pytest.fixture(scope="module")
def engine() -> Engine:
    tessdata = find(Path("/nonexistent"), None)
    assert tessdata is not None, "language data for OCR is missing: `make test` fetches it, or `samovar ocr install`"
    return load(tessdata, LANGUAGES)


def _picture(image: Image.Image) -> Picture:
    return Picture(media_type="image/png", content=saved(image, "PNG"), width=image.width, height=image.height)


def _odd() -> dict[str, Image.Image]:
    random = np.random.default_rng(3)
    chequered = np.indices((200, 300)).sum(axis=0) % 2 * 255
    striped = np.repeat(np.arange(400) // 3 % 2 * 255, 300).reshape(400, 300)
    return {
        "one pixel": Image.new("L", (1, 1)),
        "a line of pixels": Image.new("L", (1568, 1)),
        "a narrow strip": Image.new("L", (3, 900), 128),
        "black": Image.new("L", (300, 200)),
        "white": Image.new("RGB", (300, 200), "white"),
        "nothing but glass": Image.new("RGBA", (300, 200)),
        "chequered": Image.fromarray(chequered.astype(np.uint8)),
        "striped": Image.fromarray(striped.astype(np.uint8)),
        "noise": Image.fromarray(random.integers(0, 256, (300, 400), dtype=np.uint8)),
    }


@pytest.mark.parametrize("name", list(_odd()))
def test_an_odd_picture_has_no_text(engine: Engine, name: str) -> None:
    page = engine.read(_picture(_odd()[name]), page_width=100, page_height=100)
    assert page.status in ("picture", "no_text")
    assert page.reason in ("empty", "no_words_found", "low_confidence")
    assert (page.text, page.blocks, page.words) == ("", (), ())


def test_light_letters_on_a_dark_ground_are_read(engine: Engine) -> None:
    leaf = Leaf(dpi=200, size_pt=(300, 60), margin_pt=15)
    leaf.paragraph("Harbour service handbook", size=14)
    dark = Image.fromarray(255 - np.asarray(leaf.image))
    assert engine.read(_picture(dark), page_width=300, page_height=60).text == "Harbour service handbook"


def test_letters_on_glass_are_read_on_white(engine: Engine) -> None:
    leaf = Leaf(dpi=200, size_pt=(300, 60), margin_pt=15)
    leaf.paragraph("Служба поддержки порта", size=14)
    glass = Image.new("RGBA", leaf.image.size)
    glass.putalpha(Image.fromarray(255 - np.asarray(leaf.image)))
    assert engine.read(_picture(glass), page_width=300, page_height=60).text == "Служба поддержки порта"


def test_the_letters_of_a_screen_are_made_larger(engine: Engine) -> None:
    leaf = Leaf(dpi=96, size_pt=(400, 120), margin_pt=15)
    leaf.paragraph("Настройки сохранены. Перезапустите программу, чтобы они подействовали.", size=10)
    page = engine.read(_picture(leaf.image), page_width=533, page_height=160)
    assert page.text == "Настройки сохранены. Перезапустите программу, чтобы они подействовали."


def test_a_word_among_drawings_is_found(engine: Engine) -> None:
    leaf = Leaf(dpi=150, size_pt=(300, 300), margin_pt=20)
    draw = ImageDraw.Draw(leaf.image)
    draw.ellipse((60, 200, 300, 440), fill=90)
    draw.polygon(((400, 500), (560, 250), (600, 560)), fill=160)
    leaf.paragraph("Chart of the harbour", size=16)
    page = engine.read(_picture(leaf.image), page_width=300, page_height=300)
    assert "Chart of the harbour" in page.text


def test_data_that_tesseract_refuses_is_told(tmp_path: Path) -> None:
    for language in LANGUAGES:
        (tmp_path / f"{language}.traineddata").write_bytes(b"no data")
    with pytest.raises(EngineNotLoadedError):
        load(tmp_path, LANGUAGES)


def test_bytes_that_are_no_picture_raise(engine: Engine) -> None:
    picture = Picture(media_type="image/png", content=BytesIO(b"no picture").getvalue(), width=10, height=10)
    with pytest.raises(OSError, match="cannot identify"):
        engine.read(picture, page_width=10, page_height=10)
