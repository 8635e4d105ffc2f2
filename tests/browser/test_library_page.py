"""The library of documents as a person meets it in a real browser: bases, uploads, reports, pages."""

import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document
from playwright.async_api import Browser, Locator, Page, Route, expect
from tests.browser.conftest import Server, Watched, watch
from tests.support import papers

pytestmark = pytest.mark.browser

#: Reading takes as long as a loaded machine needs; OCR of a page is the slowest step.
READ_TIMEOUT_MS = 60_000


def contract_docx() -> bytes:
    """A Word file with a heading, a paragraph and a table."""
    document = Document()
    document.add_heading("Contract of carriage", 1)
    document.add_paragraph("The carrier delivers twelve samovars to Tula.")
    table = document.add_table(2, 2)
    for place, text in enumerate(("Goods", "Pieces", "Samovar", "12")):
        table.cell(place // 2, place % 2).text = text
    written = BytesIO()
    document.save(written)
    return written.getvalue()


async def make_base(page: Page, name: str) -> None:
    """Make a base through the dialog, from whatever page is shown."""
    await page.get_by_role("link", name=re.compile("^(Library|Библиотека)$")).click()
    await page.get_by_role("button", name=re.compile("^(New base|Новая база)$")).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("textbox").fill(name)
    await dialog.get_by_role("button", name=re.compile("^(Create|Создать)$")).click()
    await expect(page.get_by_role("heading", name=name, level=2)).to_be_visible()


async def upload(page: Page, files: Mapping[str, bytes]) -> None:
    """Choose files in the dialog of the browser."""
    chosen = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": content} for name, content in files.items()
    ]
    await page.locator("main input[type=file]").first.set_input_files(chosen)  # type: ignore[arg-type] # a TypedDict


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name))


async def expect_read(page: Page, *names: str) -> None:
    for name in names:
        status = row(page, name).get_by_text("ready", exact=True).or_(row(page, name).get_by_text("готов", exact=True))
        await expect(status).to_be_visible(timeout=READ_TIMEOUT_MS)


async def open_manual(watched: Watched) -> None:
    """Bring a manual of three pages into a base of its own and open it."""
    await make_base(watched.page, f"Base for {watched.page.url[-6:]} {id(watched)}")
    await upload(watched.page, {"manual.pdf": papers.english_pdf()})
    await expect_read(watched.page, "manual.pdf")
    await watched.page.get_by_role("link", name="Open manual.pdf").click()
    await expect(watched.page.get_by_role("heading", name="manual.pdf", level=1)).to_be_focused()


def sheet(page: Page, number: int) -> Locator:
    return page.get_by_role("region", name=f"Page {number}", exact=True)


async def test_a_scan_and_a_word_file_are_read_and_the_report_is_there_before_anybody_asks(watched: Watched) -> None:
    page = watched.page
    await make_base(page, "Papers of the harbour")
    await upload(page, {"mixed.pdf": papers.mixed_pdf(), "contract.docx": contract_docx()})
    await expect(page.get_by_role("region", name="Files on their way")).to_contain_text("contract.docx")
    await expect_read(page, "contract.docx", "mixed.pdf")
    await expect(row(page, "contract.docx")).to_contain_text("Text, read whole")
    # Whether the scan was read depends on the OCR of this machine; that it is told does not.
    await expect(row(page, "mixed.pdf")).to_contain_text(re.compile(r"3 pages: 1 text, 1 (read by OCR|skipped)"))
    await row(page, "mixed.pdf").get_by_role("button", name="Read report of mixed.pdf").click()
    report = page.get_by_role("table", name="Read report, page by page")
    await expect(report.get_by_role("row")).to_have_count(4)
    await expect(report.get_by_role("row").nth(3)).to_contain_text("nothing stands on it")
    assert await watched.axe() == []


async def test_words_of_a_page_can_be_selected_and_are_copied_as_they_stand_in_the_text(watched: Watched) -> None:
    page = watched.page
    await watched.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await open_manual(watched)
    await page.get_by_role("textbox", name="Go to page").fill("2")
    await page.get_by_role("textbox", name="Go to page").press("Enter")
    words = sheet(page, 2).get_by_role("group", name="Text of page 2")
    await expect(words).to_contain_text("port 7431")
    first, last = words.get_by_text("The", exact=True).first, words.get_by_text("7431.", exact=True)
    start, end = await first.bounding_box(), await last.bounding_box()
    assert start
    assert end
    await page.mouse.move(start["x"] + 1, start["y"] + start["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(end["x"] + end["width"] - 1, end["y"] + end["height"] / 2, steps=8)
    await page.mouse.up()
    await page.keyboard.press("Control+KeyC")
    assert papers.ENGLISH_FACT in await page.evaluate("navigator.clipboard.readText()")
    assert await watched.axe() == []


async def test_a_search_marks_what_it_finds_and_goes_there(watched: Watched) -> None:
    page = watched.page
    await open_manual(watched)
    await page.keyboard.press("Control+KeyF")
    await page.get_by_role("searchbox", name="Find in the document").fill("harbour SERVICE")
    search = page.get_by_role("search")
    await expect(search).to_contain_text(re.compile(r"1 of \d"))
    await page.keyboard.press("Enter")
    await expect(search).to_contain_text(re.compile(r"2 of \d"))
    await expect(page.locator("svg rect.current")).to_have_count(1)
    await page.get_by_role("searchbox", name="Find in the document").fill("port 7431")
    await expect(search).to_contain_text("1 of 1")
    await expect(sheet(page, 2).locator("svg rect.current")).to_be_in_viewport()
    await page.get_by_role("searchbox", name="Find in the document").fill("no such words")
    await expect(search).to_contain_text("Nothing found")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Text", exact=True).click()
    await expect(page.get_by_role("group", name="Pages of manual.pdf")).to_contain_text("harbour service")


async def test_the_page_grows_and_shrinks_by_keys_and_fits_the_width_again(watched: Watched) -> None:
    page = watched.page
    await open_manual(watched)
    zoom = page.get_by_role("combobox", name="Size")
    await page.keyboard.press("+")
    await expect(zoom).to_have_value("125")
    box = await sheet(page, 1).bounding_box()
    # A sheet of A4 is 595.28 points wide; a point has four thirds of a pixel.
    assert box
    assert abs(box["width"] - 595.28 * 4 / 3 * 1.25) < 2
    await page.keyboard.press("-")
    await expect(zoom).to_have_value("100")
    await zoom.select_option("300")
    await expect(page.get_by_role("button", name="Larger (+)")).to_be_disabled()
    await page.get_by_role("heading", level=1).focus()
    await page.keyboard.press("0")
    await expect(zoom).to_have_value("")


async def test_a_long_document_loads_only_the_pages_near_the_view(watched: Watched) -> None:
    page = watched.page
    await make_base(page, "Long papers")
    await upload(page, {"many.pdf": papers.many_pages_pdf(300)})
    await expect_read(page, "many.pdf")
    await page.get_by_role("link", name="Open many.pdf").click()
    pictures = page.get_by_role("group", name="Pages of many.pdf").locator("img")
    await expect(pictures.first).to_be_visible()
    assert await pictures.count() < 8
    await page.get_by_role("textbox", name="Go to page").fill("250")
    await page.get_by_role("textbox", name="Go to page").press("Enter")
    await expect(sheet(page, 250).locator("img")).to_be_in_viewport()
    assert await pictures.count() < 8
    await page.get_by_role("heading", level=1).focus()
    await page.keyboard.press("End")
    await expect(sheet(page, 300).locator("img")).to_be_in_viewport()


async def test_a_dropped_folder_keeps_its_paths(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    folder = tmp_path / "archive"
    (folder / "2024").mkdir(parents=True)
    (folder / "2024" / "letter.txt").write_text("Dear colleagues,")
    (folder / "notes.md").write_text("# Notes\n\nAll is well.")
    (folder / ".DS_Store").write_bytes(b"\0")
    await make_base(page, "Folders")
    await expect(page.get_by_text("No documents yet")).to_be_visible()
    session = await watched.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for step in ("dragEnter", "dragOver", "drop"):
        await session.send("Input.dispatchDragEvent", {"type": step, "x": 700, "y": 500, "data": data})
    await expect_read(page, "letter.txt", "notes.md")
    await expect(row(page, "letter.txt")).to_contain_text("archive/2024")
    await expect(page.get_by_text("1 file was left out: archive/.DS_Store")).to_be_visible()


async def test_an_upload_that_fails_says_why_and_goes_again(watched: Watched) -> None:
    page = watched.page
    await make_base(page, "Bad line")
    broken = {"is": True}

    async def refuse(route: Route) -> None:
        if broken["is"]:
            problem = '{"code": "too_many", "title": "", "detail": "", "values": {"retry_after_s": 5}}'
            await route.fulfill(status=429, content_type="application/problem+json", body=problem)
        else:
            await route.continue_()

    await page.route(re.compile(r"/api/bases/[^/]+/documents\?name"), refuse)
    await upload(page, {"notes.txt": b"All is well.", "empty.txt": b""})
    uploads = page.get_by_role("region", name="Files on their way")
    await expect(uploads.get_by_role("alert").first).to_contain_text("Too much is happening at once. Wait 5 s")
    broken["is"] = False
    await uploads.get_by_role("button", name="Try again: notes.txt").click()
    await expect_read(page, "notes.txt")
    assert await watched.axe() == []


async def test_a_document_is_deleted_with_a_question_and_a_base_with_all_that_is_in_it(watched: Watched) -> None:
    page = watched.page
    await make_base(page, "Soon gone")
    await upload(page, {"first.txt": b"The first.", "second.txt": b"The second."})
    await expect_read(page, "first.txt", "second.txt")
    await row(page, "first.txt").get_by_role("button", name="Delete first.txt").click()
    dialog = page.get_by_role("dialog", name="Delete this document?")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(row(page, "first.txt").get_by_role("button", name="Delete first.txt")).to_be_focused()
    await page.keyboard.press("Enter")
    await dialog.get_by_role("button", name="Delete", exact=True).click()
    await expect(row(page, "first.txt")).to_have_count(0)
    await page.get_by_role("searchbox", name="Find by name or folder").fill("SECOND")
    await expect(row(page, "second.txt")).to_be_visible()
    await page.get_by_label("Status").select_option("failed")
    await expect(page.get_by_text("No document is like that.")).to_be_visible()
    await page.get_by_role("button", name="Show all").click()
    await page.get_by_role("button", name="Delete Soon gone").click()
    question = page.get_by_role("dialog", name="Delete this knowledge base?")
    await expect(question).to_contain_text("“Soon gone” and its 1 document")
    await question.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_role("link", name=re.compile("Soon gone"))).to_have_count(0)


async def test_hostile_names_and_titles_are_shown_as_text(watched: Watched) -> None:
    page = watched.page
    await make_base(page, "<img src=x onerror=alert(1)>")
    markup = "<script>alert(1)</script>"
    html = f"<title>&lt;b&gt;title&lt;/b&gt;</title><h1>Body</h1><p>{markup}<a href='javascript:alert(1)'>go</a></p>"
    await upload(page, {"<b>bold<b>.html": html.encode(), "invoice\u202efdp.txt": b"Pay."})
    await expect_read(page, "<b>bold<b>.html", "invoice")
    assert "\u202e" not in await page.locator("main").inner_text()
    await page.get_by_role("link", name="Open <b>bold<b>.html").click()
    await expect(page.get_by_role("heading", name="<b>bold<b>.html", level=1)).to_be_visible()
    await expect(page.get_by_role("group", name=re.compile("^Pages of"))).to_contain_text("Body")
    assert await page.locator("main b, main script, main a[href^=javascript]").count() == 0
    assert await watched.axe() == []


async def test_a_word_file_is_shown_with_its_heading_and_its_table(watched: Watched) -> None:
    page = watched.page
    await make_base(page, "Word")
    await upload(page, {"contract.docx": contract_docx()})
    await expect_read(page, "contract.docx")
    await page.get_by_role("link", name="Open contract.docx").click()
    await expect(page.get_by_role("heading", name="Contract of carriage")).to_be_visible()
    await expect(
        page.get_by_role("cell", name="Samovar").or_(page.get_by_role("rowheader", name="Samovar"))
    ).to_be_visible()
    await page.keyboard.press("Control+KeyF")
    await page.keyboard.type("twelve samovars")
    await expect(page.locator("mark.current")).to_have_text("twelve samovars")
    assert await watched.axe() == []


async def test_a_base_is_chosen_for_a_chat_and_stays_chosen(watched: Watched) -> None:
    page = watched.page
    await make_base(page, "Tea ceremonies")
    await page.keyboard.press("Escape")
    await watched.input.fill("What about ")
    await page.get_by_role("button", name="Knowledge bases of this chat").click()
    dialog = page.get_by_role("dialog", name="Knowledge bases of this chat")
    await dialog.get_by_role("checkbox", name=re.compile("Tea ceremonies")).check()
    assert await watched.axe() == []
    await page.keyboard.press("Escape")
    await expect(watched.input).to_have_value("What about ")
    chosen = page.get_by_role("list", name="Knowledge bases of this chat")
    await expect(chosen).to_contain_text("Tea ceremonies")
    await watched.say("[[text]] tea?")
    await expect(page.get_by_role("article", name="Samovar").last).to_contain_text("keep warm")
    await page.reload()
    await expect(chosen).to_contain_text("Tea ceremonies")
    await page.get_by_role("button", name="Do not search Tea ceremonies").click()
    await expect(chosen).to_have_count(0)


async def test_a_page_goes_into_the_chat_as_a_picture(watched: Watched) -> None:
    page = watched.page
    await open_manual(watched)
    await page.get_by_role("textbox", name="Go to page").fill("3")
    await page.get_by_role("textbox", name="Go to page").press("Enter")
    await page.get_by_role("button", name="Ask about this page").click()
    files = page.get_by_role("list", name="Attached files")
    await expect(files).to_contain_text("page 3 as a picture")
    await expect(watched.input).to_be_focused()
    await page.get_by_role("combobox", name="What to do with the picture").select_option("read")
    await watched.say("What stands there?")
    await expect(page.get_by_role("article", name="You").last).to_contain_text("Read the text")
    await expect(files).to_have_count(0)


async def test_the_library_works_on_a_phone_in_russian(browser: Browser, server: Server) -> None:
    watched = await watch(
        browser, viewport={"width": 390, "height": 844}, locale="ru-RU", has_touch=True, storage_state=server.cookies
    )
    page = watched.page
    await page.goto(server.address + "/library")
    await page.get_by_role("heading", name="Библиотека", level=1).wait_for()
    await page.get_by_role("button", name="Новая база").click()
    await page.get_by_role("dialog").get_by_role("textbox").fill("Телефон")
    await page.get_by_role("button", name="Создать").click()
    await expect(page.get_by_role("heading", name="Телефон", level=2)).to_be_visible()
    await upload(page, {"Руководство.pdf": papers.russian_pdf()})
    await expect_read(page, "Руководство.pdf")
    await expect(row(page, "Руководство.pdf")).to_contain_text("3 страницы: 3 с текстом")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert await watched.axe() == []
    await page.get_by_role("link", name="Открыть Руководство.pdf").click()
    await expect(page.get_by_role("group", name="Текст страницы 1")).to_be_visible()
    await page.get_by_role("button", name="Отчёт, оглавление и картинки").click()
    await expect(page.get_by_role("table", name="Отчёт о чтении по страницам")).to_be_visible()
    assert await watched.axe() == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await watched.context.close()
    assert watched.faults == []
    assert all(url.startswith(server.address) for url in watched.foreign_requests)
