"""What a person sees of a conversation that grows long, branches, is summed up, or is to leave nothing."""

import json
import re
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Locator, Route, expect
from tests.browser.conftest import Server, Watched, watch

pytestmark = pytest.mark.browser

ANSWER: Final = "keep warm"
#: Of a chat whatever its length: what the page draws at once (web/src/lib/span.ts).
MOST_DRAWN: Final = 120
_OWN: Final = {"X-Samovar": "1"}


async def send(watched: Watched, server: Server, method: str, path: str, body: object = None) -> Any:
    """Ask the server as the page would."""
    answer = await watched.context.request.fetch(
        server.address + path, method=method, data=body, headers={**_OWN, "Idempotency-Key": str(uuid4())}
    )
    assert answer.ok, (path, answer.status, await answer.text())
    content = await answer.text()
    return json.loads(content) if content else None


async def open_long_chat(watched: Watched, server: Server, messages: int) -> str:
    """Bring in a chat of one branch, as ChatGPT exports it, and open it."""
    mapping: dict[str, Any] = {}
    for index in range(messages):
        mapping[f"n{index}"] = {
            "id": f"n{index}",
            "parent": f"n{index - 1}" if index else None,
            "children": [f"n{index + 1}"] if index < messages - 1 else [],
            "message": {
                "id": f"n{index}",
                "author": {"role": "assistant" if index % 2 else "user"},
                "create_time": 1_700_000_000 + index,
                "content": {"content_type": "text", "parts": [f"Message number {index}. " + "Steam rises. " * 12]},
            },
        }
    title = f"Long {uuid4()}"
    export = [
        {
            "title": title,
            "create_time": 1_700_000_000,
            "update_time": 1_700_000_000 + messages,
            "mapping": mapping,
            "current_node": f"n{messages - 1}",
            "conversation_id": str(uuid4()),
        }
    ]
    answer = await watched.context.request.post(
        f"{server.address}/api/import?name=conversations.json",
        data=json.dumps(export).encode(),
        headers={**_OWN, "Content-Type": "application/octet-stream"},
        timeout=120_000,
    )
    assert answer.ok, await answer.text()
    chats = (await send(watched, server, "GET", "/api/chats?shelf=all"))["chats"]
    [chat_id] = [chat["id"] for chat in chats if chat["title"] == title]
    await watched.page.goto(f"{server.address}/?chat={chat_id}")
    return str(chat_id)


def last_reply(watched: Watched) -> Locator:
    return watched.page.get_by_role("article", name="Samovar").last


async def ask(watched: Watched, text: str, answer: str = ANSWER) -> None:
    await watched.say(text)
    await expect(watched.page.get_by_role("article", name="You").last).to_contain_text(text.rpartition("]]")[2].strip())
    await expect(last_reply(watched)).to_contain_text(answer)
    await expect(last_reply(watched)).to_have_attribute("aria-busy", "false")


async def choose(watched: Watched, article: Locator, command: str) -> None:
    """Choose a command from the menu of a message."""
    await article.hover()
    await article.get_by_role("button", name="More about this message").click()
    await watched.page.get_by_role("menuitem", name=command).click()


async def open_context(watched: Watched) -> None:
    if not await watched.page.get_by_role("tab", name="Context").is_visible():
        await watched.page.get_by_role("button", name="Show the panel").click()
    await watched.page.get_by_role("tab", name="Context").click()


async def test_earlier_messages_load_when_asked_for_and_the_page_stays_small(watched: Watched, server: Server) -> None:
    await open_long_chat(watched, server, 1000)
    articles = watched.page.get_by_role("article")
    await expect(articles.last).to_contain_text("Message number 999.")
    assert await articles.count() < 100
    log = watched.page.get_by_role("log", name="Dialogue")
    scroll = log.locator("xpath=..")
    # The keyboard has a button for it, and what is looked at stays where it is.
    seen = watched.page.get_by_text("Message number 970.")
    await seen.scroll_into_view_if_needed()
    for _ in range(3):
        first = await articles.first.inner_text()
        await scroll.evaluate("(box) => { box.scrollTop = 0 }")
        await expect(articles.first).not_to_have_text(first)
    place = await articles.nth(60).evaluate("(turn) => turn.getBoundingClientRect().top")
    assert place > 0, "what was looked at was not kept in its place"
    # Far up, far messages have left the page.
    for _ in range(12):
        await scroll.evaluate("(box) => { box.scrollTop = 0 }")
        await watched.page.wait_for_timeout(100)
    assert await articles.count() <= MOST_DRAWN
    nodes = await watched.page.evaluate("document.querySelectorAll('*').length")
    assert nodes < 6_000
    await expect(watched.page.get_by_text("Message number 999.")).to_have_count(0)
    await watched.page.get_by_role("button", name="Jump to the end").click()
    await expect(watched.page.get_by_text("Message number 999.")).to_be_visible()


async def test_a_long_chat_scrolls_from_end_to_beginning_without_a_long_halt(watched: Watched, server: Server) -> None:
    await open_long_chat(watched, server, 3000)
    await expect(watched.page.get_by_role("article").last).to_contain_text("Message number 2999.")
    scroll = watched.page.get_by_role("log", name="Dialogue").locator("xpath=..")
    halts = await scroll.evaluate(
        """async (box) => {
            let worst = 0, most = 0
            const watcher = new PerformanceObserver((list) => {
                for (const task of list.getEntries()) worst = Math.max(worst, task.duration)
            })
            watcher.observe({ type: 'longtask' })
            for (let step = 0; step < 400; step++) {
                box.scrollTop -= 1500
                await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 8)))
                most = Math.max(most, document.querySelectorAll('article').length)
                if (document.querySelector('article')?.textContent.includes('Message number 0.')) break
            }
            return { worst, most }
        }"""
    )
    assert halts["most"] <= MOST_DRAWN
    # A machine that others use makes any task long; a page that draws three thousand messages halts for seconds.
    assert halts["worst"] < 2_000, halts


async def test_a_branch_begins_at_any_reply_and_the_map_leads_back(watched: Watched) -> None:
    for text in ("[[text]] first", "[[text]] second", "[[text]] third"):
        await ask(watched, text)
    await choose(watched, watched.page.get_by_role("article", name="Samovar").first, "Branch from here")
    await expect(watched.page.get_by_text("Your next message begins a new branch here.")).to_be_visible()
    await expect(watched.page.get_by_role("article", name="You")).to_have_count(1)
    await expect(watched.input).to_be_focused()
    await ask(watched, "[[russian]] another way", "Ёмкость")
    await expect(watched.page.get_by_role("group", name="Version 2 of 2")).to_be_visible()
    await choose(watched, last_reply(watched), "Map of branches")
    tree = watched.page.get_by_role("tree", name="Messages of the chat as a tree")
    await expect(tree.get_by_role("treeitem")).to_have_count(8)
    await expect(tree.get_by_role("treeitem", selected=True)).to_have_count(4)
    assert await watched.axe() == []
    await watched.page.keyboard.press("Home")
    await expect(tree.get_by_role("treeitem").first).to_be_focused()
    await tree.get_by_role("treeitem", name=re.compile("third")).click()
    await expect(watched.page.get_by_role("article", name="You")).to_have_count(3)
    await expect(watched.page.get_by_role("article", name="You").last).to_contain_text("third")
    await watched.page.reload()
    await expect(watched.page.get_by_role("article", name="You").last).to_contain_text("third")


async def test_the_map_of_a_chat_that_is_too_large_for_it_says_so(watched: Watched) -> None:
    async def cut(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, json={**await answer.json(), "cut": True})

    await ask(watched, "[[text]] tell me")
    dialog = watched.page.get_by_role("dialog", name="Map of branches")
    said = dialog.get_by_text("only its newest messages are on the map")
    await choose(watched, last_reply(watched), "Map of branches")
    await expect(dialog.get_by_role("treeitem")).to_have_count(2)
    await expect(said).to_have_count(0)
    await watched.page.keyboard.press("Escape")
    # A tree this large would take long to make: the server's answer is marked as cut on its way.
    await watched.page.route("**/tree", cut)
    await choose(watched, last_reply(watched), "Map of branches")
    await expect(said).to_be_visible()
    assert await watched.axe() == []


async def test_two_versions_stand_side_by_side_with_their_differences_marked(watched: Watched) -> None:
    await ask(watched, "[[text]] tell me")
    await choose(watched, last_reply(watched), "Answer with another model")
    models = watched.page.get_by_role("dialog", name="Answer with another model")
    await expect(models).to_contain_text("another version")
    await models.get_by_role("button", name=re.compile("^uncounted")).click()
    await expect(watched.page.get_by_role("group", name="Version 2 of 2")).to_be_visible()
    await expect(last_reply(watched)).to_contain_text(ANSWER)
    await watched.page.get_by_role("button", name="Regenerate").last.click()
    await expect(watched.page.get_by_role("group", name="Version 3 of 3")).to_be_visible()
    await choose(watched, last_reply(watched), "Compare versions")
    sheet = watched.page.get_by_role("dialog", name="Compare versions")
    await expect(sheet).to_contain_text("Both say the same, word for word.")
    await expect(sheet.get_by_role("combobox", name="Second").locator("option")).to_have_count(3)
    assert await watched.axe() == []
    await watched.page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)


async def test_a_stopped_reply_goes_on_as_another_version(watched: Watched) -> None:
    await watched.say("[[slow tokens=400 pace=20]]")
    await expect(last_reply(watched)).to_contain_text("w4")
    await watched.page.keyboard.press("Escape")
    await expect(last_reply(watched)).to_contain_text("You stopped this reply.")
    await last_reply(watched).get_by_role("button", name="Continue").click()
    await expect(watched.page.get_by_role("group", name="Version 2 of 2")).to_be_attached()
    await watched.page.keyboard.press("Escape")
    await expect(last_reply(watched)).to_contain_text("w1 w2 w3")


async def test_the_ledger_shows_every_piece_leads_to_its_message_and_is_saved(watched: Watched) -> None:
    await ask(watched, "[[text]] first question")
    await ask(watched, "[[text]] second question")
    await last_reply(watched).get_by_role("button", name="What the model saw").click()
    panel = watched.page.get_by_role("complementary", name="Settings of this chat")
    await expect(panel.get_by_role("img", name="Share of the context by kind")).to_be_visible()
    await expect(panel.get_by_text("Kept for the reply", exact=True)).to_be_visible()
    assert await watched.axe() == []
    earlier = panel.get_by_role("listitem").filter(has_text="first question")
    await earlier.locator("summary").click()
    await expect(earlier.locator("pre")).to_contain_text("first question")
    await earlier.get_by_role("button", name="Show in the dialogue").click()
    await expect(watched.page.locator("[data-message].found")).to_contain_text("first question")
    async with watched.page.expect_download() as saving:
        await panel.get_by_role("button", name="Save as JSON").click()
    saved = json.loads(Path(await (await saving.value).path()).read_text())
    assert [piece["kind"] for piece in saved["pieces"]][-1] == "question"
    assert sum(piece["tokens"] for piece in saved["pieces"] if piece["sent"]) > 0


async def test_a_summary_is_shown_where_it_ends_edited_undone_and_used_again(watched: Watched) -> None:
    for word in ("tea", "water", "fire", "pot", "tube", "lid", "tap", "crown", "handle", "base"):
        await ask(watched, f"please tell me again how the {word} of a samovar comes to be so very warm in winter")
    await open_context(watched)
    await watched.page.get_by_role("button", name="Summarise now").click()
    card = watched.page.get_by_role("region", name="Summary of the dialogue up to here")
    await expect(card).to_contain_text("A samovar boils water for tea.", timeout=60_000)
    await expect(card).to_contain_text(re.compile(r"Sent in place of \d+ messages above"))
    assert await watched.axe() == []
    await card.get_by_role("button", name="Edit").click()
    await card.get_by_role("textbox", name="Text of the summary").fill("The talk was about samovars.")
    await card.get_by_role("button", name="Save").click()
    await expect(card).to_contain_text("edited by you")
    await expect(card.get_by_role("button", name="Edit")).to_be_focused()
    await card.get_by_role("button", name="Undo").click()
    await expect(card).to_contain_text("Not used")
    await watched.page.reload()
    await expect(card).to_contain_text("The talk was about samovars.")
    await card.get_by_role("button", name="Use again").click()
    await expect(card).to_contain_text("Sent in place of")
    await ask(watched, "[[text]] And now?")
    await last_reply(watched).get_by_role("button", name="What the model saw").click()
    panel = watched.page.get_by_role("complementary", name="Settings of this chat")
    await expect(panel.get_by_text("the summary stands for it").first).to_be_attached()
    await expect(panel.get_by_role("listitem").filter(has_text="The talk was about samovars.")).to_have_count(1)


async def test_facts_are_pinned_from_a_message_changed_and_sent(watched: Watched) -> None:
    await ask(watched, "[[text]] My kettle holds two litres")
    await choose(watched, watched.page.get_by_role("article", name="You").first, "Pin as a fact")
    await expect(watched.page.get_by_text("Pinned: the model is told this")).to_be_visible()
    await open_context(watched)
    panel = watched.page.get_by_role("complementary", name="Settings of this chat")
    await expect(panel.get_by_role("textbox", name="Fact 1")).to_have_value(re.compile("two litres"))
    await panel.get_by_role("textbox", name="Fact 1").fill("The kettle holds three litres")
    await panel.get_by_role("textbox", name="A new fact").fill("It is made of copper")
    await panel.get_by_role("button", name="Add").click()
    await expect(panel.get_by_role("textbox", name="Fact 2")).to_have_value("It is made of copper")
    await panel.get_by_role("radio", name=re.compile("The newest messages only")).check()
    assert await watched.axe() == []
    await ask(watched, "[[text]] What is it made of?")
    await last_reply(watched).get_by_role("button", name="What the model saw").click()
    piece = panel.get_by_role("listitem").filter(has_text="It is made of copper")
    await expect(piece).to_have_count(1)
    await expect(piece).to_contain_text("The kettle holds three litres")


async def test_a_changed_system_prompt_begins_a_context_that_can_be_taken_back(watched: Watched) -> None:
    await ask(watched, "[[text]] hello")
    await watched.page.get_by_role("button", name="Show the panel").click()
    await watched.page.get_by_role("tab", name="System prompt").click()
    await watched.page.get_by_role("textbox", name=re.compile("told before every reply")).fill("You are a sailor.")
    note = watched.page.get_by_text("The system prompt was changed here")
    await expect(note).to_be_visible()
    await watched.page.get_by_role("button", name="Send the earlier messages again").click()
    await expect(note).to_have_count(0)


async def test_a_temporary_chat_streams_is_marked_and_leaves_nothing(browser: Browser, server: Server) -> None:
    watched = await watch(
        browser, viewport={"width": 1280, "height": 800}, locale="en-US", storage_state=server.cookies
    )
    await watched.page.goto(server.address)
    await watched.page.get_by_role("button", name="Begin a temporary chat").click()
    await expect(watched.page.get_by_text("Temporary chat: nothing is kept.")).to_be_visible()
    assert await watched.axe() == []
    before = (await send(watched, server, "GET", "/api/chats?shelf=all"))["chats"]
    canary = "CANARY5317"
    await watched.say(f"[[text]] {canary} tell me")
    await expect(last_reply(watched)).to_contain_text(ANSWER)
    await watched.input.fill(f"{canary} unsent")
    kept = await watched.page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, location.href, history.state])"
    )
    assert canary not in kept
    assert await watched.axe() == []
    # Leaving asks first; whoever stays loses nothing.
    await watched.page.get_by_role("button", name="New chat").first.click()
    question = watched.page.get_by_role("dialog", name="End the temporary chat?")
    await question.get_by_role("button", name="Cancel").click()
    await expect(last_reply(watched)).to_contain_text(ANSWER)
    await watched.page.go_back()
    await question.get_by_role("button", name="End the chat").click()
    await expect(watched.page.get_by_text("Temporary chat: nothing is kept.")).to_have_count(0)
    assert canary not in await watched.page.content()
    after = (await send(watched, server, "GET", "/api/chats?shelf=all"))["chats"]
    assert [chat["id"] for chat in before] == [chat["id"] for chat in after]
    await watched.context.close()
    assert watched.faults == []


@pytest.mark.parametrize("locale", ["en-US", "ru-RU"])
async def test_the_new_parts_of_the_page_keep_the_rules_on_a_phone(
    browser: Browser, server: Server, locale: str
) -> None:
    opened = await watch(
        browser,
        locale=locale,
        viewport={"width": 390, "height": 844},
        storage_state=server.cookies,
        color_scheme="dark",
    )
    await opened.page.goto(server.address)
    await opened.say("[[text]] one")
    reply = opened.page.get_by_role("article", name="Samovar").last
    await expect(reply).to_have_attribute("aria-busy", "false")
    await reply.get_by_role("button", name=re.compile("More about|Ещё о")).click()
    await expect(opened.page.get_by_role("menuitem").first).to_be_focused()
    assert await opened.axe() == []
    await opened.page.keyboard.press("Escape")
    await opened.page.get_by_role("button", name=re.compile("^(Show the panel|Показать панель)$")).click()
    await opened.page.get_by_role("tab", name=re.compile("Context|Контекст")).click()
    await expect(opened.page.get_by_role("radio")).to_have_count(4)
    assert await opened.axe() == []
    width = await opened.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    await opened.context.close()
    assert opened.faults == []
