"""Office papers put together by hand: the parts of a ZIP as programs write them, always with the same bytes."""

import zlib
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from PIL import Image, ImageDraw

__all__ = ["RELS", "docx", "odf", "packed", "picture", "pptx", "relationships", "xlsx"]

RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAKER = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SLIDE = "application/vnd.openxmlformats-officedocument.presentationml"
_W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    f'xmlns:r="{RELS}" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'mc:Ignorable="w14"'
)


def packed(parts: Mapping[str, str | bytes], *, stored: tuple[str, ...] = ()) -> bytes:
    """A ZIP of these members; ``stored`` ones are not deflated."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            entry = ZipInfo(name, date_time=(2024, 3, 5, 10, 0, 0))
            entry.compress_type = ZIP_STORED if name in stored else ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def relationships(*related: tuple[str, str, str]) -> str:
    """A part of relationships: id, kind (the last word of its address), target; web targets are external."""
    lines = ""
    for key, kind, target in related:
        mode = ' TargetMode="External"' if "://" in target or target.startswith("mailto:") else ""
        lines += f'<Relationship Id="{key}" Type="{RELS}/{kind}" Target="{target}"{mode}/>'
    return (
        f'{_MAKER}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{lines}'
        "</Relationships>"
    )


def _types(overrides: Mapping[str, str]) -> str:
    lines = "".join(f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in overrides.items())
    return (
        f'{_MAKER}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>'
        f"{lines}</Types>"
    )


def _core(title: str, author: str) -> str:
    return (
        f"{_MAKER}<cp:coreProperties "
        'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
        f"<dc:title>{title}</dc:title><dc:creator>{author}</dc:creator></cp:coreProperties>"
    )


def docx(
    body: str,
    *,
    styles: str = "",
    parts: Mapping[str, str | bytes] | None = None,
    related: tuple[tuple[str, str, str], ...] = (),
    title: str = "",
    author: str = "",
    main_type: str = "document.main+xml",
) -> bytes:
    """A paper of Word: ``body`` is what stands inside ``w:body``; ``NS`` in a part stands for all namespaces."""
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": _types({"word/document.xml": f"{_WORD}.{main_type}"}),
        "_rels/.rels": relationships(
            ("rId1", "officeDocument", "word/document.xml"), ("rId2", "metadata/core-properties", "docProps/core.xml")
        ),
        "docProps/core.xml": _core(title, author),
        "word/_rels/document.xml.rels": relationships(("rIdStyles", "styles", "styles.xml"), *related),
        "word/styles.xml": f"{_MAKER}<w:styles {_W}>{styles}</w:styles>",
        "word/document.xml": f"{_MAKER}<w:document {_W}><w:body>{body}</w:body></w:document>",
    }
    for name, content in (parts or {}).items():
        is_bare = isinstance(content, str) and " NS>" in content
        members[f"word/{name}"] = _MAKER + str(content).replace(" NS>", f" {_W}>", 1) if is_bare else content
    return packed(members)


def xlsx(
    sheets: Mapping[str, str],
    *,
    strings: str = "",
    styles: str = "",
    workbook: str = "",
    states: Mapping[str, str] | None = None,
    parts: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """A workbook: a root of a sheet by its name; ``strings`` are the items of the shared strings."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    listed = "".join(
        f'<sheet name="{name}" sheetId="{place}"{_state(states, name)} r:id="rId{place}"/>'
        for place, name in enumerate(sheets, start=1)
    )
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": _types({"xl/workbook.xml": f"{_SHEET}.sheet.main+xml"}),
        "_rels/.rels": relationships(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'{_MAKER}<workbook xmlns="{main}" xmlns:r="{RELS}">{workbook}<sheets>{listed}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": relationships(
            *((f"rId{place}", "worksheet", f"worksheets/sheet{place}.xml") for place in range(1, len(sheets) + 1)),
            ("rIdStrings", "sharedStrings", "sharedStrings.xml"),
            ("rIdStyles", "styles", "styles.xml"),
        ),
        "xl/sharedStrings.xml": f'{_MAKER}<sst xmlns="{main}">{strings}</sst>',
        "xl/styles.xml": f'{_MAKER}<styleSheet xmlns="{main}">{styles}</styleSheet>',
    }
    for place, content in enumerate(sheets.values(), start=1):
        members[f"xl/worksheets/sheet{place}.xml"] = (
            f'{_MAKER}<worksheet xmlns="{main}" xmlns:r="{RELS}">{content}</worksheet>'
        )
    members.update({f"xl/{name}": content for name, content in (parts or {}).items()})
    return packed(members)


def _state(states: Mapping[str, str] | None, name: str) -> str:
    return f' state="{states[name]}"' if states and name in states else ""


def pptx(
    slides: tuple[str, ...],
    *,
    layout: str = "",
    master: str = "",
    related: Mapping[int, tuple[tuple[str, str, str], ...]] | None = None,
    parts: Mapping[str, str | bytes] | None = None,
    size: tuple[int, int] = (12_192_000, 6_858_000),
    attributes: Mapping[int, str] | None = None,
) -> bytes:
    """Slides: each is what stands inside ``p:spTree``; one layout and one master serve all."""
    spaces = (
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        f'xmlns:r="{RELS}" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    )
    head = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    listed = "".join(f'<p:sldId id="{255 + place}" r:id="rId{place}"/>' for place in range(1, len(slides) + 1))
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": _types({"ppt/presentation.xml": f"{_SLIDE}.presentation.main+xml"}),
        "_rels/.rels": relationships(("rId1", "officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"{_MAKER}<p:presentation {spaces}><p:sldIdLst>{listed}</p:sldIdLst>"
        f'<p:sldSz cx="{size[0]}" cy="{size[1]}"/></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relationships(
            *((f"rId{place}", "slide", f"slides/slide{place}.xml") for place in range(1, len(slides) + 1))
        ),
        "ppt/slideLayouts/slideLayout1.xml": f"{_MAKER}<p:sldLayout {spaces}><p:cSld><p:spTree>{head}{layout}"
        "</p:spTree></p:cSld></p:sldLayout>",
        "ppt/slideLayouts/_rels/slideLayout1.xml.rels": relationships(
            ("rId1", "slideMaster", "../slideMasters/slideMaster1.xml")
        ),
        "ppt/slideMasters/slideMaster1.xml": f"{_MAKER}<p:sldMaster {spaces}>{master}</p:sldMaster>",
    }
    for place, content in enumerate(slides, start=1):
        said = (attributes or {}).get(place, "")
        members[f"ppt/slides/slide{place}.xml"] = (
            f"{_MAKER}<p:sld {spaces}{said}><p:cSld><p:spTree>{head}{content}</p:spTree></p:cSld></p:sld>"
        )
        members[f"ppt/slides/_rels/slide{place}.xml.rels"] = relationships(
            ("rIdLayout", "slideLayout", "../slideLayouts/slideLayout1.xml"), *(related or {}).get(place, ())
        )
    members.update({f"ppt/{name}": content for name, content in (parts or {}).items()})
    return packed(members)


_ODF = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{tail}:1.0"'
    for prefix, tail in {
        "office": "office", "style": "style", "text": "text", "table": "table", "draw": "drawing", "meta": "meta",
        "fo": "xsl-fo-compatible", "svg": "svg-compatible", "presentation": "presentation", "chart": "chart",
    }.items()
) + ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'  # fmt: skip


def odf(
    kind: str,
    body: str,
    *,
    automatic: str = "",
    styles: str = "",
    title: str = "",
    author: str = "",
    parts: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """A paper of LibreOffice; ``kind`` is ``text``, ``spreadsheet`` or ``presentation``."""
    declared = '<?xml version="1.0" encoding="UTF-8"?>\n'
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    members: dict[str, str | bytes] = {
        "mimetype": media_type,
        "META-INF/manifest.xml": f'{declared}<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:'
        f'manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="{media_type}"/>'
        "</manifest:manifest>",
        "meta.xml": f"{declared}<office:document-meta {_ODF}><office:meta><dc:title>{title}</dc:title>"
        f"<meta:initial-creator>{author}</meta:initial-creator></office:meta></office:document-meta>",
        "styles.xml": f"{declared}<office:document-styles {_ODF}>{styles}</office:document-styles>",
        "content.xml": f"{declared}<office:document-content {_ODF}><office:automatic-styles>{automatic}"
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body>"
        "</office:document-content>",
    }
    members.update(parts or {})
    return packed(members, stored=("mimetype",))


@cache
def picture(seed: str, width: int = 60, height: int = 40) -> bytes:
    """A small PNG, different for each seed."""
    shade = zlib.crc32(seed.encode()) & 0xFFFFFF
    image = Image.new("RGB", (width, height), (shade >> 16, shade >> 8 & 255, shade & 255))
    ImageDraw.Draw(image).ellipse((5, 5, width - 5, height - 5), fill="white")
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
