"""What a person sees who brings files, sources and several chats to the page."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Locator, Route, expect
from tests.browser.conftest import Server, Watched, watch
from tests.support import papers

pytestmark = pytest.mark.browser

PASTE_OF_5000_CHARACTERS = "чай, " * 1000


async def drop_file(watched: Watched, name: str, media_type: str, content: bytes) -> Locator:
    """Drag a file over the page and let go; what is returned is its chip."""
    transfer = await watched.page.evaluate_handle(
        """([name, type, bytes]) => {
            const transfer = new DataTransfer()
            transfer.items.add(new File([new Uint8Array(bytes)], name, { type }))
            return transfer
        }""",
        [name, media_type, list(content)],
    )
    await watched.page.dispatch_event("body", "dragenter", {"dataTransfer": transfer})
    await expect(watched.page.get_by_text("Drop the files here")).to_be_visible()
    await watched.page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    await expect(watched.page.get_by_text("Drop the files here")).to_be_hidden()
    return chips_of(watched).filter(has_text=name)


def chips_of(watched: Watched) -> Locator:
    return watched.page.get_by_role("list", name=re.compile("^(Attached files|Прикреплённые файлы)$")).get_by_role(
        "listitem"
    )


def reply_of(watched: Watched) -> Locator:
    return watched.page.get_by_role("article", name="Samovar").last


def sources_of(watched: Watched) -> Locator:
    return watched.page.get_by_role("group", name=re.compile("source|источник"))


async def hold_uploads(watched: Watched) -> asyncio.Event:
    """Let no file reach the server until the event is set."""
    may_go = asyncio.Event()

    async def hold(route: Route) -> None:
        await may_go.wait()
        await route.continue_()

    await watched.page.route(re.compile(r"/api/chats/[^/]+/documents"), hold)
    return may_go


async def ask_about_the_manual(watched: Watched) -> None:
    chip = await drop_file(watched, "manual.pdf", "application/pdf", papers.english_pdf())
    await expect(chip).to_contain_text("3 pages")
    await watched.say("[[echo]] Which port does the service listen on?")
    await expect(sources_of(watched).get_by_text("quote checked").first).to_be_visible()


async def test_a_dropped_file_outlives_a_reload_and_goes_out_with_the_message(watched: Watched) -> None:
    chip = await drop_file(watched, "manual.pdf", "application/pdf", papers.english_pdf())
    await expect(chip).to_contain_text("3 pages")
    await watched.page.reload()
    await expect(chip).to_contain_text("3 pages")
    await watched.say("[[echo]] Which port does the service listen on?")
    await expect(reply_of(watched)).to_contain_text(papers.ENGLISH_FACT)
    await expect(chips_of(watched)).to_have_count(0)
    await expect(
        watched.page.get_by_role("log").get_by_role("button", name=re.compile("manual.pdf")).first
    ).to_be_visible()


async def test_enter_while_a_file_is_on_its_way_sends_as_soon_as_it_is_read(watched: Watched) -> None:
    may_go = await hold_uploads(watched)
    chip = await drop_file(watched, "manual.pdf", "application/pdf", papers.english_pdf())
    await watched.say("[[echo]] Which port does the service listen on?")
    await expect(watched.page.get_by_text("Will be sent when the files are ready.").first).to_be_visible()
    await expect(chip).not_to_contain_text("3 pages")
    await expect(watched.page.get_by_role("article")).to_have_count(0)
    may_go.set()
    await expect(reply_of(watched)).to_contain_text(papers.ENGLISH_FACT)
    await expect(watched.input).to_have_value("")


async def test_escape_takes_back_a_message_that_waits_for_its_file(watched: Watched) -> None:
    may_go = await hold_uploads(watched)
    chip = await drop_file(watched, "manual.pdf", "application/pdf", papers.english_pdf())
    await watched.say("[[text]] Not yet")
    await expect(watched.page.get_by_role("button", name="Do not send yet")).to_be_visible()
    await watched.page.keyboard.press("Escape")
    may_go.set()
    await expect(chip).to_contain_text("3 pages")
    await expect(watched.page.get_by_role("button", name="Send")).to_be_enabled()
    await expect(watched.page.get_by_role("article")).to_have_count(0)
    await expect(watched.input).to_have_value("[[text]] Not yet")


async def test_a_document_stands_beside_the_dialogue_and_escape_returns_to_its_source(watched: Watched) -> None:
    await ask_about_the_manual(watched)
    source = sources_of(watched).get_by_role("button", name=re.compile("page 2.*quote checked")).first
    await source.click()
    viewer = watched.page.get_by_role("dialog", name="manual.pdf")
    await expect(viewer).to_contain_text("Page 2 of 3")
    await watched.input.fill("written while the document is open")
    await expect(viewer).to_be_visible()
    await viewer.get_by_role("button", name="Next page").click()
    await expect(viewer).to_contain_text("Page 3 of 3")
    await watched.page.keyboard.press("Escape")
    await expect(viewer).to_be_hidden()
    await expect(source).to_be_focused()
    await expect(watched.input).to_have_value("written while the document is open")


async def test_a_new_chat_closes_the_document_of_the_old_one(watched: Watched) -> None:
    await ask_about_the_manual(watched)
    await sources_of(watched).get_by_role("button", name=re.compile("page 2.*quote checked")).first.click()
    viewer = watched.page.get_by_role("dialog", name="manual.pdf")
    await expect(viewer).to_be_visible()
    await watched.page.get_by_role("button", name="New chat").first.click()
    await expect(viewer).to_be_hidden()
    await expect(watched.page.get_by_role("heading", name="What shall we look into?")).to_be_visible()


async def test_after_the_open_chat_is_deleted_the_next_words_go_into_the_input(watched: Watched) -> None:
    await watched.say("[[text]] Soon to be deleted")
    await expect(reply_of(watched)).to_contain_text("keep warm")
    row = watched.page.get_by_role("listitem").filter(has=watched.page.locator("[aria-current=page]"))
    await row.hover()
    await row.get_by_role("button", name=re.compile("^Actions for")).click()
    await watched.page.get_by_role("menuitem", name=re.compile("^Delete")).click()
    await watched.page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await expect(watched.page.get_by_role("dialog")).to_be_hidden()
    await expect(watched.input).to_be_focused()
    await expect(watched.page.get_by_role("article")).to_have_count(0)
    await expect(watched.page).to_have_url(re.compile(r"/$"))


async def test_a_long_paste_becomes_a_file_and_can_be_put_back(watched: Watched) -> None:
    await watched.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await watched.input.fill("Sum this up: ")
    await watched.page.evaluate("text => navigator.clipboard.writeText(text)", PASTE_OF_5000_CHARACTERS)
    await watched.page.keyboard.press("Control+KeyV")
    chip = chips_of(watched).filter(has_text="pasted.txt")
    await expect(chip).to_contain_text("kB")
    await expect(watched.input).to_have_value("Sum this up: ")
    await chip.get_by_role("button", name="Put back as text").click()
    await expect(watched.input).to_have_value("Sum this up: " + PASTE_OF_5000_CHARACTERS)
    await expect(chips_of(watched)).to_have_count(0)


async def test_a_picture_that_the_model_cannot_see_is_told_before_and_after(watched: Watched) -> None:
    await watched.page.get_by_role("button", name=re.compile("^Model: ")).click()
    await watched.page.get_by_role("group", name="Model").get_by_role("button", name=re.compile(r"^blind\b")).click()
    chip = await drop_file(watched, "circle.png", "image/png", papers.red_circle_png())
    await expect(watched.page.get_by_text("blind cannot see pictures. The picture will not be sent.")).to_be_visible()
    await expect(chip.locator("progress")).to_have_count(0)
    await watched.say("What is in the picture?")
    notice = reply_of(watched).get_by_text("The picture was not sent: this model cannot see.")
    await expect(notice).to_be_visible()
    await expect(reply_of(watched)).to_contain_text("keep warm")
    await watched.page.reload()
    await expect(notice).to_be_visible()


async def test_two_chats_are_answered_at_once(watched: Watched) -> None:
    writing = watched.page.get_by_text("A reply is being written")
    await watched.say("[[slow tokens=60 pace=20]] first")
    await expect(reply_of(watched)).to_contain_text("w3")
    first = watched.page.url
    await watched.page.keyboard.press("Control+Shift+KeyO")
    await watched.say("[[slow tokens=70 pace=20]] second")
    await expect(reply_of(watched)).to_contain_text("w3")
    await expect(writing).to_have_count(2)
    await expect(reply_of(watched)).to_contain_text("w70")
    await watched.page.locator(f"a[href='/{first.rpartition('/')[2]}']").click()
    await expect(watched.page.get_by_role("log")).to_contain_text("first")
    await expect(reply_of(watched)).to_contain_text("w60")
    await expect(reply_of(watched)).not_to_contain_text("w61")
    await expect(writing).to_have_count(0)


async def test_a_russian_phone_leads_from_a_pdf_over_its_source_to_the_page(browser: Browser, server: Server) -> None:
    opened = await watch(
        browser,
        locale="ru-RU",
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        storage_state=server.cookies,
    )
    await opened.page.goto(server.address)
    await opened.page.locator("form input[type=file]").set_input_files(
        {"name": "руководство.pdf", "mimeType": "application/pdf", "buffer": papers.russian_pdf()}
    )
    await expect(chips_of(opened)).to_contain_text("3 страницы")
    await opened.input.tap()
    await opened.input.fill("[[echo]] На каком порту отвечает служба поддержки?")
    await opened.page.get_by_role("button", name="Отправить").tap()
    await expect(sources_of(opened).get_by_text("цитата проверена").first).to_be_visible()
    assert await opened.page.evaluate("document.documentElement.scrollWidth") <= 390, "the page scrolls sideways"
    source = sources_of(opened).get_by_role("button", name=re.compile("стр. 2.*цитата проверена")).first
    await source.tap()
    viewer = opened.page.get_by_role("dialog", name="руководство.pdf")
    await expect(viewer.locator("img")).to_be_visible()
    await expect(viewer.locator("svg rect").first).to_be_attached()
    await expect(viewer).to_contain_text("Страница 2 из 3")
    assert await opened.axe() == []
    await viewer.get_by_role("button", name="Закрыть").tap()
    await expect(viewer).to_be_hidden()
    await expect(source).to_be_focused()
    await opened.context.close()
    assert opened.faults == []
