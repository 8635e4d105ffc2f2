"""What stands on a sheet beside its cells: pictures, text boxes, charts, and the remarks tied to cells."""

from samovar.domain.errors import DocumentError
from samovar.domain.page import Picture
from samovar.parsers._office.charts import chart_title
from samovar.parsers._office.elements import Element, count_of, local, name
from samovar.parsers._office.package import Package
from samovar.parsers._office.pictures import PictureShelf
from samovar.parsers._office.sheets.workbook import rich_text
from samovar.parsers._office.writing import PageWriter

__all__ = ["write_beside", "write_comments"]


def write_beside(writer: PageWriter, part: str, drawing: str | None, package: Package, shelf: PictureShelf) -> None:
    """Write what is drawn over a sheet, behind its cells. A chart has its values in cells: its title is written."""
    found = package.relationships(part).get(drawing or "")
    if found is None or found.is_external:
        return
    tree = package.tree_or_none(found.target)
    if tree is None:
        writer.is_partly_read = True
        return
    for element in tree.iter(name("xdr:pic"), name("xdr:sp"), name("c:chart")):
        if any(above.tag == name("mc:Fallback") for above in element.iterancestors()):
            continue
        match local(element):
            case "pic":
                _write_picture(writer, element, found.target, package, shelf)
            case "sp":
                for paragraph in element.iter(name("a:p")):
                    writer.block("paragraph", "".join(run.text or "" for run in paragraph.iter(name("a:t"))))
            case _:
                related = package.relationships(found.target).get(element.get(name("r:id"), ""))
                chart = None if related is None else package.tree_or_none(related.target)
                writer.block("caption", "" if chart is None else chart_title(chart))


def write_comments(writer: PageWriter, part: str, package: Package) -> None:
    """Write the remarks of a sheet as notes: ``[B7] text``."""
    for kind in ("comments", "threadedComment"):
        for target in package.related(part, kind):
            tree = package.tree_or_none(target)
            if tree is None:
                writer.is_partly_read = True
                continue
            if kind == "comments":
                _write_old(writer, tree)
            else:
                for comment in (child for child in tree if local(child) == "threadedComment"):
                    words = "".join(child.text or "" for child in comment if local(child) == "text")
                    writer.block("footnote", f"[{comment.get('ref', '')}] {words}" if words.strip() else "")


def _write_old(writer: PageWriter, tree: Element) -> None:
    authors = [" ".join((author.text or "").split()) for author in tree.iter(name("s:author"))]
    for comment in tree.iter(name("s:comment")):
        place = count_of(comment.get("authorId"))
        author = authors[place] if place is not None and place < len(authors) else ""
        if author.startswith("tc="):
            continue  # an empty shell for programs that do not know comments in threads, which are read as such
        texts = comment.find(name("s:text"))
        words = "" if texts is None else rich_text(texts).removeprefix(f"{author}:").strip()
        writer.block("footnote", f"[{comment.get('ref', '')}] {words}" if words else "")


def _write_picture(writer: PageWriter, element: Element, part: str, package: Package, shelf: PictureShelf) -> None:
    described = next(element.iter(name("xdr:cNvPr")), None)
    alt = "" if described is None else described.get("descr", "")
    writer.figure(_picture(element, part, package, shelf), alt=alt)


def _picture(element: Element, part: str, package: Package, shelf: PictureShelf) -> Picture | None:
    blip = next(element.iter(name("a:blip")), None)
    found = None if blip is None else package.relationships(part).get(blip.get(name("r:embed"), ""))
    if found is None or found.is_external:
        return None
    try:
        return shelf.picture(package.read(found.target))
    except DocumentError:
        return None
