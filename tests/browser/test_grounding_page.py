"""What a person sees of the ground that an answer stands on, and how a search is checked."""

import re

import pytest
from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import Watched
from tests.browser.test_library_page import expect_read, make_base, upload
from tests.support import papers

pytestmark = pytest.mark.browser

#: The scripted model says five litres.
SAMOVAR = (
    "Самовар кипятит воду для чая: внутри горит огонь, а сверху греется заварочный чайник. "
    "Ёмкость — семь литров.\n\nСамовар чистят раз в неделю."
)


async def attach(watched: Watched, name: str, content: bytes) -> None:
    """Attach a file to the chat and wait until it was read."""
    await watched.page.locator("form input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    await expect(watched.page.get_by_role("list", name="Attached files")).to_contain_text(name)


def reply(page: Page) -> Locator:
    return page.get_by_role("article", name="Samovar").last


async def test_an_altered_number_is_marked_and_the_note_says_what_the_source_says(watched: Watched) -> None:
    page = watched.page
    await attach(watched, "samovar.txt", SAMOVAR.encode())
    await watched.say("[[russian]] Какова ёмкость самовара?")
    sign = reply(page).get_by_role("button", name=re.compile("^The source says something else"))
    await expect(sign).to_have_count(1)
    await expect(reply(page).locator(".claim.is-altered")).to_contain_text("Ёмкость — пять литров.")
    await expect(reply(page).get_by_role("group", name="What was checked")).to_contain_text("1 differs from its source")
    await sign.focus()
    note = reply(page).locator(".note")
    await expect(note).to_contain_text("семь литров")
    assert await watched.axe() == []
    await page.keyboard.press("Escape")
    await expect(note).to_have_count(0)
    # The marks belong to the reply, not to this visit; the answer itself stays as it was written.
    await page.reload()
    await expect(sign).to_have_count(1)
    text = await reply(page).locator(".prose").inner_text()
    assert "Ёмкость — пять литров." in text
    await reply(page).get_by_role("switch", name="Mark them in the answer").uncheck()
    await expect(reply(page).locator(".claim")).to_have_count(0)
    await expect(sign).to_have_count(0)


async def test_what_is_not_in_the_documents_is_said_with_the_nearest_passages(watched: Watched) -> None:
    page = watched.page
    await attach(watched, "manual.pdf", papers.english_pdf())
    await watched.say("[[text]] Who won the chess tournament in Reykjavik, and keeps the keys?")
    box = reply(page).get_by_role("group", name="Probably not in the documents")
    await expect(box).to_be_visible()
    nearest = box.get_by_role("button", name=re.compile(r"^Open manual\.pdf, page \d"))
    await expect(nearest.first).to_be_visible()
    assert await watched.axe() == []
    await nearest.first.click()
    await expect(page.get_by_role("dialog", name=re.compile(r"manual\.pdf"))).to_be_visible()


async def test_why_these_passages_tells_what_was_searched_and_how_each_was_found(watched: Watched) -> None:
    page = watched.page
    await attach(watched, "manual.pdf", papers.english_pdf())
    await watched.say("[[text]] Which port does the service listen on?")
    await reply(page).get_by_role("button", name="Why these passages").click()
    sheet = page.get_by_role("dialog", name="Why these passages")
    await expect(sheet).to_contain_text("Which port does the service listen on?")
    await expect(sheet).to_contain_text("manual.pdf")
    await expect(sheet.get_by_text("By words", exact=True).first).to_be_visible()
    await expect(sheet.get_by_text(re.compile("^Words found: .*port")).first).to_be_visible()
    await expect(sheet.locator("mark", has_text="port").first).to_be_visible()
    assert await watched.axe() == []
    # It is kept with the answer.
    await page.reload()
    await reply(page).get_by_role("button", name="Why these passages").click()
    await expect(sheet).to_contain_text("Which port does the service listen on?")
    await expect(sheet.get_by_text(re.compile("^Words found: .*port")).first).to_be_visible()
    await sheet.get_by_role("button", name=re.compile("^Open the place")).first.click()
    await expect(page.get_by_role("dialog", name=re.compile(r"manual\.pdf"))).to_be_visible()


async def test_a_base_is_named_in_the_question_with_the_keyboard_alone(watched: Watched) -> None:
    page = watched.page
    await make_base(page, "Steam engines")
    await page.keyboard.press("Escape")
    await watched.input.press_sequentially("What about #stea")
    option = page.get_by_role("option", name=re.compile("Steam engines"))
    await expect(option).to_have_attribute("aria-selected", "true")
    assert await watched.axe() == []
    await page.keyboard.press("Enter")
    await expect(watched.input).to_have_value('What about #"Steam engines" ')
    await expect(watched.input).to_be_focused()
    await expect(option).to_have_count(0)
    await page.keyboard.type("#zzz")
    await expect(page.get_by_text("No knowledge base is called like that.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("No knowledge base is called like that.")).to_have_count(0)
    await page.keyboard.press("Control+/")
    await expect(page.get_by_role("group", name="Filters in a question")).to_contain_text("since:2024-03")


async def test_a_base_is_shared_with_a_word_on_what_that_means(watched: Watched) -> None:
    page = watched.page
    await make_base(page, "House rules")
    await page.get_by_role("button", name="Settings of House rules").click()
    switch = page.get_by_role("switch", name=re.compile("^Shared with everybody"))
    await expect(page.get_by_role("dialog")).to_contain_text("Only you can add, change and delete.")
    assert await watched.axe() == []
    await switch.check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("main").get_by_text("shared by you")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("main").get_by_text("shared by you")).to_be_visible()


async def test_questions_are_asked_of_a_base_with_settings_side_by_side(watched: Watched) -> None:
    page = watched.page
    await make_base(page, "Harbour")
    await upload(page, {"manual.pdf": papers.english_pdf()})
    await expect_read(page, "manual.pdf")
    await page.get_by_role("link", name="Check the search").click()
    await expect(page.get_by_role("heading", name="Check the search of “Harbour”")).to_be_focused()
    await page.get_by_role("textbox", name="Questions").fill(
        "Which port does the service listen on? | manual.pdf | 2 | port 7431\n"
        "Who keeps the keys? | manual.pdf | Mr. Grey\n"
        "Where is the anchor? | anchors.pdf\n"
        "A question of which nothing is known"
    )
    await expect(page.get_by_text("3 questions", exact=True)).to_be_visible()
    await expect(page.get_by_text("line 4: neither a document nor words")).to_be_visible()
    # The second setting is by words alone; the first is made the same, so that nothing waits for vectors.
    await page.get_by_label("Search", exact=True).first.select_option("lexical")
    assert await watched.axe() == []
    await page.get_by_role("button", name="Run", exact=True).click()
    table = page.get_by_role("table", name="Measures by setting")
    await expect(page.get_by_text("done", exact=True).first).to_be_visible(timeout=60_000)
    await expect(table.get_by_role("row")).to_have_count(3)
    questions = page.get_by_role("table", name="Question by question")
    await expect(questions.get_by_role("row", name=re.compile("^Who keeps the keys"))).to_contain_text("1")
    await expect(questions).to_contain_text("no such document in the base")
    await page.get_by_role("button", name="What was found for: Which port does the service listen on?").click()
    found = questions.get_by_text("the right one").first
    await expect(found).to_be_visible()
    assert await watched.axe() == []
    await page.reload()
    await page.get_by_role("button", name=re.compile("^Open the run")).first.click()
    await expect(table.get_by_role("row")).to_have_count(3)
    await page.get_by_role("button", name=re.compile("^Delete the run")).first.click()
    await expect(page.get_by_text("Nothing was run yet.")).to_be_visible()
