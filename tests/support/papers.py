"""Documents made on the spot: good ones, odd ones and hostile ones. Equal calls give equal bytes."""

import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from typing import Any, Final

from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

__all__ = [
    "ENGLISH_FACT",
    "ENGLISH_PAGES",
    "RUSSIAN_FACT",
    "RUSSIAN_PAGES",
    "columns_pdf",
    "cropped_pdf",
    "damaged_page_pdf",
    "empty_pdf",
    "encrypted_pdf",
    "english_pdf",
    "flate_bomb_pdf",
    "hyphenated_pdf",
    "long_pdf",
    "many_pages_pdf",
    "mixed_pdf",
    "photograph_jpeg",
    "pixel_bomb_png",
    "red_circle_png",
    "rotated_pdf",
    "russian_pdf",
    "scan_pdf",
    "sideways_pdf",
    "tagged_jpeg",
    "text_bomb_png",
    "truncated_pdf",
    "vast_page_pdf",
]

_FONT: Final = "PT Sans"
_SIZE: Final = 12
_LEADING: Final = 16
_LEFT: Final = 72
_TOP: Final = 770

ENGLISH_FACT: Final = "The service listens on port 7431."
RUSSIAN_FACT: Final = "Служба поддержки отвечает на порту 7431 по рабочим дням."

ENGLISH_PAGES: Final = (
    (
        "Handbook of the Harbour Service",
        "",
        "This handbook describes how the harbour service is installed and kept running.",
        "It is written for the people who look after the machines in the server room.",
        "Read the chapter on safety before you open a cabinet.",
        "",
        "The service was first installed in 2019 and has been renewed twice since then.",
        "It needs a machine with eight cores, 32 GB of memory and a quiet place.",
    ),
    (
        "Network",
        "",
        "Every part of the harbour service talks over the local network only.",
        ENGLISH_FACT,
        "Requests from other networks are refused, and each refusal is written to the journal.",
        "",
        "The address of the machine is given by the administrator. Backups leave the building",
        "once a week on an encrypted disk, which two people carry together.",
    ),
    (
        "Maintenance",
        "",
        "The filters of the cabinets are cleaned on the first Monday of each month.",
        "A worn battery is replaced by a new one of the same kind, never by a used one.",
        "Mr. Grey keeps the keys; in his absence, ask at the front desk.",
    ),
)

RUSSIAN_PAGES: Final = (
    (
        "МИНИСТЕРСТВО РЕЧНОГО ХОЗЯЙСТВА",
        "Положение о службе поддержки",
        "",
        "1. Настоящее Положение определяет порядок работы службы поддержки министерства.",
        "2. Служба создана приказом министра в 2021 г. и подчиняется его заместителю.",
        "3. В своей деятельности служба руководствуется законами, т. е. в том числе",
        "статьями 12 и 15 Закона о внутренних водных путях.",
    ),
    (
        "Связь со службой",
        "",
        "4. Обращения принимаются в письменном виде и по внутренней сети министерства.",
        RUSSIAN_FACT,
        "Обращения, поступившие из внешних сетей, не рассматриваются.",
        "",
        "5. Срок ответа на обращение составляет три рабочих дня. По решению начальника отдела",
        "срок может быть продлён до десяти дней, о чём заявителю сообщают отдельно.",
    ),
    (
        "Заключительные положения",
        "",
        "6. Контроль за исполнением настоящего Положения возлагается на отдел кадров.",
        "7. Положение вступает в силу со дня подписания и действует до его отмены.",
        "А. С. Волгин, заместитель министра",
    ),
)


@cache
def _register_font() -> None:
    with as_file(files("fontpkg_pt_sans") / "files" / "PT_Sans-Web-Regular.ttf") as path:
        pdfmetrics.registerFont(TTFont(_FONT, str(path)))


def _draw(pages: Iterable[Callable[[Any], None]], **options: Any) -> bytes:
    """Make a PDF of which each function draws one page."""
    _register_font()
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1, **options)
    for draw in pages:
        canvas.setFont(_FONT, _SIZE)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _lines(lines: Sequence[str], left: float = _LEFT, top: float = _TOP) -> Callable[[Any], None]:
    def draw(canvas: Any) -> None:
        for place, line in enumerate(lines):
            canvas.drawString(left, top - place * _LEADING, line)

    return draw


def english_pdf() -> bytes:
    """Three pages in English; the port is named on page 2."""
    return _draw(map(_lines, ENGLISH_PAGES))


def russian_pdf() -> bytes:
    """Three pages in Russian, as a ministry writes; the port is named on page 2."""
    return _draw(map(_lines, RUSSIAN_PAGES))


def rotated_pdf(degrees: int) -> bytes:
    """Page 2 of the English paper, drawn sideways and turned upright by the viewer."""
    width, height = A4
    corner = {90: (height, 0), 180: (width, height), 270: (0, width)}[degrees]

    def draw(canvas: Any) -> None:
        canvas.setPageRotation(degrees)
        canvas.translate(*corner)
        canvas.rotate(degrees)
        _lines(ENGLISH_PAGES[1])(canvas)

    return _draw([draw])


def sideways_pdf() -> bytes:
    """Page 2 of the English paper, which the viewer turns so that its lines run downwards."""

    def draw(canvas: Any) -> None:
        canvas.setPageRotation(90)
        _lines(ENGLISH_PAGES[1], top=500)(canvas)

    return _draw([draw])


def cropped_pdf() -> bytes:
    """Page 2 of the English paper, of which a viewer shows the upper left part only."""

    def draw(canvas: Any) -> None:
        canvas.setCropBox((50, 500, 450, 800))
        _lines(ENGLISH_PAGES[1])(canvas)

    return _draw([draw])


def long_pdf(count: int) -> bytes:
    """A PDF of so many pages, each with words of its own."""
    pages = (
        [f"{number}. {line}" if line else "" for line in ENGLISH_PAGES[number % len(ENGLISH_PAGES)]]
        for number in range(1, count + 1)
    )
    return _draw(_lines(lines) for lines in pages)


def columns_pdf() -> bytes:
    """One page in two columns."""

    def draw(canvas: Any) -> None:
        _lines(["The left column speaks", "of rivers and of the", "boats that use them."])(canvas)
        _lines(["The right column tells", "how a harbour is kept", "clean in winter."], left=320)(canvas)

    return _draw([draw])


def hyphenated_pdf() -> bytes:
    """One page on which words are divided at the ends of lines."""
    return _draw([_lines(["Служба отвечает на обращения граж-", "дан, а также на все вопросы орга-", "низаций."])])


def mixed_pdf() -> bytes:
    """A page of text, a scanned page, an empty page."""
    return _draw([_lines(ENGLISH_PAGES[0]), _scan, lambda canvas: canvas.setFillGray(1)])


def scan_pdf() -> bytes:
    """One page that is a picture of text and has no text itself."""
    return _draw([_scan])


def _scan(canvas: Any) -> None:
    picture = Image.new("L", (620, 877), 255)
    ImageDraw.Draw(picture).text((60, 60), ENGLISH_FACT, fill=0)
    canvas.drawImage(ImageReader(picture), 0, 0, *A4)


def encrypted_pdf() -> bytes:
    """The English paper behind a password."""
    return _draw(map(_lines, ENGLISH_PAGES), encrypt=StandardEncryption("open sesame", strength=128))


def truncated_pdf() -> bytes:
    """The first bytes of the English paper: neither pages nor their list are there."""
    return english_pdf()[:900]


def empty_pdf() -> bytes:
    """A PDF of no pages."""
    return _write_pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"])


def vast_page_pdf() -> bytes:
    """One page of 200,000 points, 70 metres, each way."""
    return _one_page(b"BT /F1 24 Tf 1000 1000 Td (far away) Tj ET", media_box=b"[0 0 200000 200000]")


@cache
def flate_bomb_pdf(megabytes: int = 160) -> bytes:
    """A few hundred bytes that unfold to much drawing; with the default, to more than a parser may hold."""
    content = zlib.compress(zlib.compress(b"BT /F1 9 Tf " + b"(A) Tj " * (megabytes * 1_000_000 // 7) + b"ET", 9), 9)
    return _one_page(content, filters=b"[/FlateDecode/FlateDecode]")


def many_pages_pdf(count: int = 100_000) -> bytes:
    """One page that is counted many times."""
    return _one_page(b"BT /F1 9 Tf (x) Tj ET", count=count)


def damaged_page_pdf() -> bytes:
    """Three entries in the list of pages, of which the second leads nowhere."""
    return _write_pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R 99 0 R 3 0 R]/Count 3>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            _stream(b"BT /F1 9 Tf 20 100 Td (still here) Tj ET", b""),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        ]
    )


def _one_page(content: bytes, *, filters: bytes = b"", media_box: bytes = b"[0 0 200 200]", count: int = 1) -> bytes:
    kids = b" ".join([b"3 0 R"] * count)
    return _write_pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
            b"<</Type/Page/Parent 2 0 R/MediaBox%s/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>" % media_box,
            _stream(content, filters),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        ]
    )


def _stream(content: bytes, filters: bytes) -> bytes:
    filtered = b"/Filter%s" % filters if filters else b""
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), filtered, content)


def _write_pdf(objects: Sequence[bytes]) -> bytes:
    """Write numbered objects with a table of their places. Source: ISO 32000-1, 7.5."""
    output = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(output))
        output += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(output)
    output += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    output += b"".join(b"%010d 00000 n \n" % place for place in places)
    output += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)
    return bytes(output)


def red_circle_png(size_px: int = 128) -> bytes:
    """A red circle on white."""
    picture = Image.new("RGB", (size_px, size_px), "white")
    edge = size_px // 8
    ImageDraw.Draw(picture).ellipse((edge, edge, size_px - edge, size_px - edge), fill="red")
    return _saved(picture, "PNG")


def photograph_jpeg(width: int = 640, height: int = 480) -> bytes:
    """Many soft colours, as a camera gives them."""
    across = Image.linear_gradient("L").resize((width, height))
    down = Image.linear_gradient("L").rotate(90).resize((width, height))
    middle = Image.radial_gradient("L").resize((width, height))
    return _saved(Image.merge("RGB", (across, down, middle)), "JPEG", quality=90)


def tagged_jpeg() -> bytes:
    """A picture that lies on its side by its EXIF and says where it was taken."""
    picture = Image.new("RGB", (400, 200), "navy")
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees
    exif[0x010E] = "planted description"
    exif.get_ifd(0x8825)[2] = (59.0, 56.0, 0.0)  # latitude
    return _saved(picture, "JPEG", exif=exif, comment=b"planted comment")


@cache
def pixel_bomb_png(side_px: int = 20_000) -> bytes:
    """A small file of 400 megapixels."""
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + side_px)
    packed = b"".join(packer.compress(row) for _ in range(side_px)) + packer.flush()
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 0, 0, 0, 0)
    return _png(header, packed)


def text_bomb_png() -> bytes:
    """One pixel with 100 MB of compressed text beside it."""
    note = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"A" * 100_000_000, 9))
    return _png(struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0), zlib.compress(b"\0\0"), note)


def _png(header: bytes, packed: bytes, extra: bytes = b"") -> bytes:
    """Write a PNG of given parts. Source: ISO/IEC 15948, 5."""
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + extra + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
