"""What a person sees in a real browser."""

import asyncio
import gzip
import re

import pytest
from playwright.async_api import Browser, Response, expect
from tests.browser.conftest import Server, Watched, watch
from tests.support import papers

pytestmark = pytest.mark.browser

SLOW = "[[slow tokens=60 pace=20]]"
FIRST_LOAD_LIMIT_BYTES = 80_000


async def attach(watched: Watched, name: str, media_type: str, content: bytes) -> None:
    await watched.page.locator("form input[type=file]").set_input_files(
        {"name": name, "mimeType": media_type, "buffer": content}
    )
    await watched.page.get_by_role("list", name="Attached files").get_by_text(name).wait_for()


async def choose_model(watched: Watched, name: str) -> None:
    await watched.page.get_by_role("button", name=re.compile("^Model")).first.click()
    await (
        watched.page.get_by_role("option", name=re.compile(rf"^{name}\b"))
        .or_(watched.page.get_by_role("menuitemradio", name=re.compile(rf"^{name}\b")))
        .first.click()
    )


async def test_the_link_signs_in_once_and_leaves_the_address(browser: Browser, server: Server) -> None:
    link = server.new_link()
    first = await watch(browser, locale="en-US")
    await first.page.goto(link)
    await first.input.wait_for()
    assert first.page.url == server.address + "/"
    second = await watch(browser, locale="en-US")
    await second.page.goto(link)
    await expect(second.page.get_by_text("has been used or has expired")).to_be_visible()
    await expect(second.page.get_by_text("samovar link").first).to_be_visible()
    assert first.faults == second.faults == []
    await first.context.close()
    await second.context.close()


async def test_tokens_arrive_a_reload_in_the_middle_loses_nothing_and_the_text_never_shrinks(watched: Watched) -> None:
    await watched.say(SLOW)
    reply = watched.page.get_by_role("article", name="Samovar").last
    await expect(reply).to_contain_text("w5")
    lengths = []
    for _ in range(10):
        lengths.append(len(await reply.inner_text()))
        await asyncio.sleep(0.05)
    assert lengths == sorted(lengths)
    assert "w60" not in await reply.inner_text(), "the reply ended before the page could be reloaded"
    await watched.page.reload()
    reply = watched.page.get_by_role("article", name="Samovar").last
    await expect(reply).to_contain_text("w5")
    await expect(reply).to_contain_text("w60")
    text = await reply.inner_text()
    assert " ".join(f"w{n}" for n in range(1, 61)) in " ".join(text.split())


async def test_a_second_tab_shows_the_same_answer_growing(watched: Watched) -> None:
    await watched.say(SLOW)
    await expect(watched.page.get_by_role("article", name="Samovar").last).to_contain_text("w3")
    tab = await watched.context.new_page()
    await tab.goto(watched.page.url)
    for page in (tab, watched.page):
        await expect(page.get_by_role("article", name="Samovar").last).to_contain_text("w60")


async def test_a_dropped_line_is_taken_up_again(watched: Watched) -> None:
    await watched.say(SLOW)
    reply = watched.page.get_by_role("article", name="Samovar").last
    await expect(reply).to_contain_text("w3")
    await watched.context.set_offline(True)
    await asyncio.sleep(1)
    await watched.context.set_offline(False)
    await expect(reply).to_contain_text("w60")
    text = " ".join((await reply.inner_text()).split())
    assert text.count("w30 ") == 1
    watched.faults.clear()  # The browser itself reports the lost line on its console.


async def test_stop_keeps_what_was_written_and_regenerate_makes_a_version(watched: Watched) -> None:
    await watched.say("[[slow tokens=500 pace=20]]")
    reply = watched.page.get_by_role("article", name="Samovar").last
    await expect(reply).to_contain_text("w4")
    await watched.page.keyboard.press("Escape")
    await expect(reply).to_contain_text("You stopped this reply.")
    await expect(reply).to_contain_text("w4")
    await watched.page.get_by_role("button", name="Regenerate").last.click()
    await expect(watched.page.get_by_role("button", name="Stop")).to_be_visible()
    await expect(reply).to_contain_text("w2")
    await watched.page.keyboard.press("Escape")
    await expect(watched.page.get_by_role("group", name="Version 2 of 2")).to_be_visible()
    await watched.page.get_by_role("button", name="Previous version").last.click()
    await expect(watched.page.get_by_role("group", name="Version 1 of 2")).to_be_visible()


async def test_an_edit_makes_a_branch_and_both_stay_reachable(watched: Watched) -> None:
    await watched.say("[[text]] first wording")
    await expect(watched.page.get_by_role("article", name="Samovar").last).to_contain_text("keep warm")
    await watched.page.get_by_text("first wording").last.hover()
    await watched.page.get_by_role("button", name="Edit", exact=True).last.click()
    await watched.page.get_by_role("textbox", name="Edit your message").fill("[[russian]] second wording")
    await watched.page.get_by_role("button", name="Send as a new version").click()
    await expect(watched.page.get_by_role("article", name="Samovar").last).to_contain_text("Ёмкость")
    await watched.page.get_by_role("button", name="Previous version").first.click()
    await expect(watched.page.get_by_role("article", name="Samovar").last).to_contain_text("keep warm")


async def test_markdown_arrives_as_code_tables_and_formulas(watched: Watched) -> None:
    await watched.say("[[markdown pace=100]]")
    reply = watched.page.get_by_role("article", name="Samovar").last
    await expect(reply.get_by_role("heading", name="Tea")).to_be_visible()
    await expect(reply.get_by_role("table")).to_be_visible()
    await expect(reply.get_by_role("button", name="Copy the code")).to_be_visible()
    await expect(reply.locator("math")).to_be_attached()
    assert await watched.axe() == []


async def test_a_question_about_a_pdf_is_answered_with_a_place_that_opens(watched: Watched) -> None:
    await attach(watched, "manual.pdf", "application/pdf", papers.english_pdf())
    await expect(watched.page.get_by_role("list", name="Attached files")).to_contain_text("3 pages")
    await watched.say("[[echo]] Which port does the service listen on?")
    sources = watched.page.get_by_role("group", name=re.compile("source"))
    await expect(sources.get_by_text("quote checked").first).to_be_visible()
    await sources.get_by_role("button", name=re.compile("page 2")).first.click()
    viewer = watched.page.get_by_role("dialog", name=re.compile("manual.pdf"))
    await expect(viewer.locator("img")).to_be_visible()
    await expect(viewer.locator("svg rect").first).to_be_attached()
    await expect(viewer).to_contain_text("Page 2 of 3")
    assert await watched.axe() == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.txt", b"", "empty"),
        ("locked.pdf", papers.encrypted_pdf(), "password"),
        ("cut.pdf", papers.truncated_pdf(), "damaged"),
        ("tool.bin", b"\x7fELF" + bytes(range(256)), "read"),
    ],
)
async def test_a_bad_file_says_in_words_what_to_do_and_the_text_stays(
    watched: Watched, name: str, content: bytes, words: str
) -> None:
    await watched.input.fill("my question")
    await attach(watched, name, "application/octet-stream", content)
    await expect(watched.page.get_by_role("list", name="Attached files")).to_contain_text(words)
    assert await watched.input.input_value() == "my question"


async def test_a_failing_backend_is_explained_and_can_be_tried_again(watched: Watched) -> None:
    await watched.say("[[error-middle]]")
    reply = watched.page.get_by_role("article", name="Samovar").last
    await expect(reply).to_contain_text("It begins and then")
    await expect(reply).to_contain_text(re.compile("broke off|regenerate", re.IGNORECASE))
    await expect(watched.page.get_by_role("button", name="Regenerate").last).to_be_visible()


async def test_what_the_model_saw_is_shown(watched: Watched) -> None:
    await watched.say("[[text]] Tea?")
    await expect(watched.page.get_by_role("article", name="Samovar").last).to_contain_text("keep warm")
    await watched.page.get_by_role("button", name="What the model saw").last.click()
    await expect(watched.page.get_by_text("Counted by the tokenizer of the model.")).to_be_visible()
    assert await watched.axe() == []


async def test_the_keyboard_reaches_the_commands(watched: Watched) -> None:
    await watched.say("[[text]] Keys")
    await expect(watched.page.get_by_role("article", name="Samovar").last).to_contain_text("keep warm")
    await watched.page.keyboard.press("Control+Shift+KeyO")
    await expect(watched.page.get_by_role("heading", name="What shall we look into?")).to_be_visible()
    await watched.page.keyboard.press("Control+Slash")
    await expect(watched.page.get_by_role("dialog")).to_be_visible()
    assert await watched.axe() == []
    await watched.page.keyboard.press("Escape")
    await expect(watched.page.get_by_role("dialog")).to_be_hidden()
    await watched.page.keyboard.press("Shift+Escape")
    await expect(watched.input).to_be_focused()


HOSTILE = """
<script>alert(1)</script> <img src=x onerror=alert(2)> <svg onload=alert(3)></svg>
[click](javascript:alert(4)) [data](data:text/html,<script>alert(5)</script>)
![leak](http://127.0.0.1:9/inline.png?secret) ![leak][ref] <http://127.0.0.1:9/auto>
<img srcset="http://127.0.0.1:9/srcset 2x"> <style>@import url(http://127.0.0.1:9/style)</style>
<iframe src="http://127.0.0.1:9/frame"></iframe> <form action="http://127.0.0.1:9/form"><input></form>
$\\href{javascript:alert(6)}{x}$ $$\\unknown{<img src=x onerror=alert(7)>$$ <a href="http://127.0.0.1:9/a" ping="http://127.0.0.1:9/ping">a</a>

[ref]: http://127.0.0.1:9/reference.png
"""


async def test_hostile_text_runs_nothing_and_calls_nobody(watched: Watched, server: Server) -> None:
    await watched.say(HOSTILE + "[[echo pace=0]]")
    await expect(watched.page.get_by_role("article", name="Samovar").last).to_contain_text("messages")
    await watched.page.reload()
    await expect(watched.page.get_by_role("article", name="Samovar").last).to_contain_text("messages")
    assert [url for url in watched.foreign_requests if not url.startswith(server.address)] == []


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
@pytest.mark.parametrize(("locale", "viewport"), [("en-US", (1280, 800)), ("ru-RU", (390, 844))])
async def test_no_page_breaks_a_rule_of_accessibility_or_of_content_security(
    browser: Browser, server: Server, theme: str, locale: str, viewport: tuple[int, int]
) -> None:
    opened = await watch(
        browser,
        locale=locale,
        viewport={"width": viewport[0], "height": viewport[1]},
        storage_state=server.cookies,
    )
    await opened.page.add_init_script(f"localStorage.setItem('samovar.preferences', '{{\"theme\":\"{theme}\"}}')")
    await opened.page.goto(server.address)
    await opened.input.wait_for()
    assert await opened.axe() == []
    await opened.say("[[markdown]]")
    await opened.page.locator("math").first.wait_for(state="attached")
    assert await opened.axe() == []
    assert await opened.page.evaluate("document.documentElement.lang") == locale[:2]
    width = await opened.page.evaluate("document.documentElement.scrollWidth")
    assert width <= viewport[0], "the page scrolls sideways"
    await opened.context.close()
    assert opened.faults == []


def keep(responses: list[Response], response: Response) -> None:
    responses.append(response)


async def test_the_first_load_is_small(browser: Browser, server: Server) -> None:
    opened = await watch(browser, storage_state=server.cookies)
    loaded: list[tuple[str, int]] = []
    bodies: list[Response] = []
    opened.page.on("response", lambda response: keep(bodies, response))
    await opened.page.goto(server.address)
    await opened.input.wait_for()
    for response in bodies:
        path = response.url.removeprefix(server.address)
        if path.endswith((".js", ".css")) or path == "/":
            loaded.append((path, len(gzip.compress(await response.body(), 9))))
    await opened.context.close()
    assert sum(size for _, size in loaded) <= FIRST_LOAD_LIMIT_BYTES, loaded
