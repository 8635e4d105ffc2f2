"""What surrounds a chat, as a person meets it in a real browser: folders, tags, finding, keys, prompts, examples."""

import asyncio
import re
from collections.abc import Mapping

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from tests.browser.conftest import Server, Watched, watch

pytestmark = pytest.mark.browser

EXAMPLES = b"""[Instruction]
Answer with one word.
[Q]
Is the kettle on?
[A]
Yes
[Q]
A question nobody answered
"""


async def make_chat(page: Page, fields: Mapping[str, object]) -> str:
    """Make a chat over the API, in the session of the page; returns its id."""
    made: dict[str, str] = await page.evaluate(
        """async (fields) => {
          const headers = {'X-Samovar': '1', 'Content-Type': 'application/json'}
          const titled = JSON.stringify({title: fields.title})
          const response = await fetch('/api/chats', {method: 'POST', headers, body: titled})
          const chat = await response.json()
          const body = JSON.stringify(fields)
          return await (await fetch('/api/chats/' + chat.id, {method: 'PATCH', headers, body})).json()
        }""",
        dict(fields),
    )
    return made["id"]


def side(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Chats")


def chat_link(page: Page, title: str) -> Locator:
    return side(page).get_by_role("link", name=title, exact=True)


async def choose_in_menu(page: Page, title: str, item: str) -> None:
    """Open the menu of a chat's row with the keyboard and choose in it."""
    await side(page).get_by_role("button", name=f"Actions for {title}", exact=True).press("Enter")
    await page.get_by_role("menuitem", name=item, exact=True).click()


async def test_a_chat_is_put_into_a_folder_tagged_pinned_archived_and_found_by_each(watched: Watched) -> None:
    page = watched.page
    for title in ("Loan of the mill", "Walk to the river"):
        await make_chat(page, {"title": title})
    await page.reload()
    await choose_in_menu(page, "Loan of the mill", "Move to a folder…")
    dialog = page.get_by_role("dialog", name="Move to a folder")
    await dialog.get_by_role("textbox", name="Folder").fill(" Bank / Loans ")
    await dialog.get_by_role("button", name="Move").click()
    await side(page).get_by_role("button", name="Bank", exact=True).click()
    await expect(chat_link(page, "Loan of the mill")).to_be_visible()
    await expect(chat_link(page, "Walk to the river")).to_have_count(0)
    await side(page).get_by_role("button", name="What lies in Bank").click()
    await expect(side(page).get_by_role("button", name="Loans", exact=True)).to_have_count(0)
    assert await watched.axe() == []

    await side(page).get_by_role("button", name="All chats").click()
    await choose_in_menu(page, "Walk to the river", "Tags…")
    dialog = page.get_by_role("dialog", name="Tags of “Walk to the river”")
    await dialog.get_by_role("textbox", name="Tags").fill("weekend, nature")
    await dialog.get_by_role("button", name="Save").click()
    await side(page).get_by_role("heading", name="Tags").click()
    await side(page).get_by_role("button", name="nature", exact=True).click()
    await expect(chat_link(page, "Loan of the mill")).to_have_count(0)
    await side(page).get_by_role("button", name="nature", exact=True).click()

    await choose_in_menu(page, "Walk to the river", "Pin")
    await expect(side(page).get_by_role("heading", name="Pinned")).to_be_visible()
    await choose_in_menu(page, "Walk to the river", "Archive")
    await expect(chat_link(page, "Walk to the river")).to_have_count(0)
    await side(page).get_by_role("button", name="Archive", exact=True).click()
    await choose_in_menu(page, "Walk to the river", "Bring back")
    await side(page).get_by_role("button", name="All chats").first.click()
    await expect(chat_link(page, "Walk to the river")).to_be_visible()


async def test_a_closed_folder_stays_closed_and_chats_can_be_reached_in_a_low_window(watched: Watched) -> None:
    page = watched.page
    await make_chat(page, {"title": "Deep in the cellar", "folder": "House/Cellar"})
    await page.reload()
    await side(page).get_by_role("button", name="What lies in House").click()
    await expect(side(page).get_by_role("button", name="Cellar", exact=True)).to_have_count(0)
    await page.reload()
    await expect(side(page).get_by_role("button", name="House", exact=True)).to_be_visible()
    await expect(side(page).get_by_role("button", name="Cellar", exact=True)).to_have_count(0)
    processor = side(page).get_by_text("CPU", exact=True)
    await expect(processor).to_be_visible()
    # A phone that lies on its side.
    await page.set_viewport_size({"width": 800, "height": 360})
    await expect(processor).to_be_hidden()
    await chat_link(page, "Deep in the cellar").scroll_into_view_if_needed()
    await expect(chat_link(page, "Deep in the cellar")).to_be_in_viewport(ratio=1)
    settings = side(page).get_by_role("button", name="Settings")
    await settings.scroll_into_view_if_needed()
    await expect(settings).to_be_in_viewport(ratio=1)
    assert await watched.axe() == []
    await side(page).get_by_text("Nothing leaves this machine").click()
    await expect(processor).to_be_visible()


@pytest.mark.parametrize("locale", ["en-US", "ru-RU"])
@pytest.mark.parametrize("viewport", [(360, 780), (780, 360), (1280, 800)])
async def test_every_tab_of_the_panel_is_in_view_whichever_is_chosen(
    browser: Browser, server: Server, locale: str, viewport: tuple[int, int]
) -> None:
    size = {"width": viewport[0], "height": viewport[1]}
    opened = await watch(browser, locale=locale, viewport=size, storage_state=server.cookies)
    await opened.page.goto(server.address)
    await opened.page.get_by_role("button", name=re.compile("Show the panel|Показать панель")).click()
    tabs = opened.page.get_by_role("tab")
    await expect(tabs).to_have_count(4)
    for chosen in range(4):
        await tabs.nth(chosen).click()
        await expect(tabs.nth(chosen)).to_have_attribute("aria-selected", "true")
        for tab in await tabs.all():
            await expect(tab).to_be_in_viewport(ratio=1)
            assert await tab.evaluate("tab => tab.scrollWidth <= tab.clientWidth"), await tab.inner_text()
    await opened.context.close()
    assert opened.faults == []


async def test_a_chat_is_dropped_onto_a_folder(watched: Watched) -> None:
    page = watched.page
    await make_chat(page, {"title": "Lies in the attic", "folder": "Attic"})
    await make_chat(page, {"title": "Lies about"})
    await page.reload()
    await chat_link(page, "Lies about").drag_to(side(page).get_by_role("button", name="Attic", exact=True))
    await side(page).get_by_role("button", name="Attic", exact=True).click()
    await expect(chat_link(page, "Lies about")).to_be_visible()
    await expect(chat_link(page, "Lies in the attic")).to_be_visible()


async def test_words_are_found_marked_and_opened_at_their_message(watched: Watched) -> None:
    page = watched.page
    await watched.say("Remember the heliotrope samovars of Tula.")
    await expect(page.get_by_role("article", name="Samovar").last).to_be_visible()
    chat = page.url
    await page.keyboard.press("Control+Shift+KeyO")
    await page.keyboard.press("Control+KeyK")
    dialog = page.get_by_role("dialog", name="Find in everything")
    field = dialog.get_by_role("combobox")
    hit = dialog.get_by_role("option").first
    # Messages are taken into the index behind the reply: a person who is quicker asks again.
    for _ in range(40):
        await field.fill("")
        await field.press_sequentially("heliotrope samovar from:me")
        await expect(dialog.get_by_role("status").filter(has_text="hit")).to_have_count(1)
        if await hit.count() > 0:
            break
        await asyncio.sleep(0.25)
    await expect(hit.locator("mark").first).to_have_text("heliotrope")
    await expect(hit.locator("mark").nth(1)).to_have_text("samovars")
    assert await watched.axe() == []
    await field.press("Enter")
    await expect(page).to_have_url(re.compile(re.escape(chat) + "&message="))
    await expect(page.get_by_text("Remember the heliotrope samovars of Tula.").last).to_be_in_viewport()
    await expect(page.locator(".found")).to_have_count(1)
    # All of so short a chat is in view.
    await expect(page.get_by_role("button", name="Jump to the end")).to_have_count(0)


async def test_filters_are_offered_and_one_that_is_not_understood_is_told(watched: Watched) -> None:
    page = watched.page
    await make_chat(page, {"title": "Boiler papers", "tags": ["boilers"], "folder": "Heating plant"})
    await page.reload()
    await expect(side(page).get_by_role("button", name="Heating plant", exact=True)).to_be_visible()
    await page.keyboard.press("Control+KeyK")
    dialog = page.get_by_role("dialog", name="Find in everything")
    field = dialog.get_by_role("combobox")
    await field.press_sequentially("fol")
    await dialog.get_by_role("button", name="folder:").click()
    await field.press_sequentially("heat")
    await dialog.get_by_role("button", name='folder:"Heating plant"').click()
    await field.press_sequentially("boiler")
    await expect(dialog.get_by_role("option")).to_contain_text(["Boiler papers"])
    await field.fill("boiler before:someday")
    await expect(dialog.get_by_text("before:someday is not a date")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def press_key(page: Page, code: str, key: str) -> None:
    """Press Ctrl with a key as a keyboard with another layout does: the place of the key and what it writes differ."""
    await page.evaluate(
        "([code, key]) => document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', {code, key, ctrlKey: true, bubbles: true, cancelable: true}))",
        [code, key],
    )


async def test_keys_work_by_their_place_in_a_russian_layout_and_can_be_changed(watched: Watched) -> None:
    page = watched.page
    await watched.input.click()
    await press_key(page, "KeyK", "л")
    find = page.get_by_role("dialog", name="Find in everything")
    await expect(find).to_be_visible()
    await page.keyboard.press("Escape")
    await press_key(page, "Slash", ".")
    keys = page.get_by_role("dialog", name="Keyboard commands")
    change = keys.get_by_role("button", name="Other keys for “Find in everything”")
    await change.click()
    await page.keyboard.press("Control+KeyB")
    await expect(keys.get_by_text("Ctrl+B is taken by “Show or hide the side bar”").first).to_be_visible()
    await page.keyboard.press("Control+KeyW")
    await expect(keys.get_by_text("Browsers keep Ctrl+W for themselves").first).to_be_visible()
    await page.keyboard.press("Control+KeyJ")
    await expect(keys.get_by_role("button", name="Keys of “Find in everything” as they were")).to_be_visible()
    assert await watched.axe() == []
    await page.keyboard.press("Escape")
    await page.reload()
    await watched.input.click()
    await page.keyboard.press("Control+KeyK")
    await expect(find).to_have_count(0)
    await press_key(page, "KeyJ", "о")
    await expect(find).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+Slash")
    await keys.get_by_role("button", name="Keys of “Find in everything” as they were").click()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+KeyK")
    await expect(find).to_be_visible()


async def test_a_prompt_is_written_and_inserted_by_its_name_with_its_fields_filled_in(watched: Watched) -> None:
    page = watched.page
    await side(page).get_by_role("link", name="Prompts and examples").click()
    await page.get_by_role("button", name="New prompt").click()
    await page.get_by_role("textbox", name="Title").fill("Letter to a supplier")
    await page.get_by_role("textbox", name="Name", exact=True).fill("supplier-letter")
    await page.get_by_role("textbox", name="Text", exact=True).fill("Write to {{supplier}} about {{topic|the delay}}.")
    await expect(page.get_by_role("status").filter(has_text="Fields to fill in")).to_contain_text("supplier")
    await expect(page.get_by_role("heading", name="How to write a good prompt")).to_be_visible()
    await page.get_by_text("What it sets of a chat").click()
    await page.get_by_role("textbox", name="System prompt").fill("Be brief and kind.")
    assert await watched.axe() == []
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("button", name="Use in the chat")).to_be_enabled()
    await page.get_by_role("button", name="Back to the chat").click()

    await watched.input.press_sequentially("Please: /supp")
    await expect(page.get_by_role("option").first).to_contain_text("/supplier-letter")
    await watched.input.press("Enter")
    fill = page.get_by_role("dialog", name="Letter to a supplier")
    await expect(fill.get_by_role("note")).to_contain_text("system prompt: Be brief and kind.")
    await page.keyboard.type("Ivanov & Sons")
    await page.keyboard.press("Tab")
    await expect(fill.get_by_role("textbox", name="topic")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(watched.input).to_have_value("Please: Write to Ivanov & Sons about the delay.")
    await expect(watched.input).to_be_focused()


async def test_examples_are_uploaded_with_a_report_and_their_cost(watched: Watched) -> None:
    page = watched.page
    await side(page).get_by_role("link", name="Prompts and examples").click()
    await page.get_by_role("link", name="Examples", exact=True).click()
    await page.locator("main input[type=file]").set_input_files(
        {"name": "kettle.txt", "mimeType": "text/plain", "buffer": EXAMPLES}
    )
    await expect(page.get_by_text("a question without an answer")).to_be_visible()
    await expect(page.get_by_text(re.compile(r"1 example · (≈ )?\d+ tokens"))).to_be_visible()
    await page.get_by_role("button", name="Show the examples").click()
    await expect(page.get_by_text("Is the kettle on?")).to_be_visible()
    assert await watched.axe() == []
    await page.get_by_role("button", name="Delete kettle").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No examples yet.")).to_be_visible()


async def test_a_chat_is_saved_as_a_file_and_an_export_of_all_is_taken_in_again(watched: Watched) -> None:
    page = watched.page
    await make_chat(page, {"title": "To be carried away"})
    await page.reload()
    await side(page).get_by_role("button", name="Actions for To be carried away").press("Enter")
    await page.get_by_role("menuitem", name="Export…").click()
    async with page.expect_download() as coming:
        await page.get_by_role("dialog").get_by_role("button", name=re.compile("^Markdown")).click()
    assert (await coming.value).suggested_filename.endswith(".md")

    await side(page).get_by_role("button", name="Import and export").click()
    dialog = page.get_by_role("dialog", name="Import and export")
    async with page.expect_download() as coming:
        await dialog.get_by_role("link", name=re.compile("^JSON")).click()
    exported = (await (await coming.value).path()).read_bytes()
    files = dialog.locator("input[type=file]")
    await files.set_input_files({"name": "all.json", "mimeType": "application/json", "buffer": exported})
    await expect(dialog.get_by_text(re.compile("Samovar: "))).to_be_visible()
    await files.set_input_files({"name": "nothing.json", "mimeType": "application/json", "buffer": b"[1, 2]"})
    await expect(dialog.get_by_text("No chats were found in nothing.json.")).to_be_visible()
    assert await watched.axe() == []
