"""Model servers, presets, the line and cut prompts, as a person meets them in a real browser."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import APIRequestContext, Browser, Locator, Page, Route, expect
from tests.browser.conftest import Server, Watched, open_server, watch
from tests.support.gguf_files import write_model
from tests.support.hub import run_hub
from tests.support.stand_ins import Behaviour, run_stand_in

pytestmark = pytest.mark.browser

FIELDS = {
    "block_count": 2,
    "embedding_length": 64,
    "attention.head_count": 4,
    "feed_forward_length": 96,
    "context_length": 4096,
}
TENSORS = {"blk.0.attn_q.weight": (64, 64), "blk.1.attn_q.weight": (64, 64)}
WORDS = " ".join(f"word{n}" for n in range(800))


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name, exact=True)


async def open_models(watched: Watched) -> None:
    await watched.page.get_by_role("link", name="Models and servers").click()
    await expect(watched.page.get_by_role("heading", name="Models and servers", level=1)).to_be_focused()


async def add_server(watched: Watched, url: str, **fields: str) -> None:
    """Fill in the dialog, the fields by their labels, and send it."""
    await watched.page.get_by_role("button", name="Add a server").click()
    dialog = watched.page.get_by_role("dialog", name="Add a server")
    await dialog.get_by_label("Address").fill(url)
    await dialog.get_by_text("More settings").click()
    for label, value in fields.items():
        await dialog.get_by_label(label.replace("_", " "), exact=True).fill(value)
    await dialog.get_by_role("button", name="Add", exact=True).click()


async def choose_model(page: Page, name: str) -> None:
    await page.get_by_role("button", name=re.compile("^Model: ")).click()
    await page.get_by_role("group", name="Model").get_by_role("button", name=re.compile(rf"^{re.escape(name)}")).click()


def reply_of(watched: Watched) -> Locator:
    return watched.page.get_by_role("article", name="Samovar").last


@asynccontextmanager
async def served(
    watched: Watched, server: Server, kind: str, behaviour: Behaviour | None = None, **fields: str
) -> AsyncIterator[str]:
    """A stand-in that was added by hand through the page and is forgotten afterwards; yields its name."""
    async with run_stand_in(kind, behaviour) as stand_in:
        await open_models(watched)
        await add_server(watched, stand_in.url, Name=kind, **fields)
        await expect(card(watched.page, kind)).to_contain_text("ready")
        try:
            yield kind
        finally:
            await forget(watched, server, kind)


async def forget(watched: Watched, server: Server, name: str) -> None:
    headers = {"X-Samovar": "1", "Origin": server.address}
    await watched.context.request.delete(f"{server.address}/api/backends/{name}", headers=headers)


async def test_a_server_added_by_hand_answers_and_is_removed_without_a_reload(
    watched: Watched, browser: Browser, server: Server
) -> None:
    other = await watch(browser, locale="en-US", storage_state=server.cookies)
    await other.page.goto(server.address)
    await other.input.wait_for()
    async with served(watched, server, "ollama"):
        assert await watched.axe() == []
        added = card(watched.page, "ollama")
        await expect(added).to_contain_text("added by hand")
        await expect(added.get_by_role("list", name="What gemma3:4b can do")).to_contain_text(
            "sees pictures · the server says so"
        )
        # The other window was there before.
        await other.page.get_by_role("button", name=re.compile("^Model: ")).click()
        await expect(other.page.get_by_role("group", name="Model")).to_contain_text("llama3.2:latest")
        await watched.page.keyboard.press("Escape")
        await expect(watched.page).to_have_url(server.address + "/")
        await choose_model(watched.page, "llama3.2:latest")
        await watched.say("Hello there")
        await expect(reply_of(watched)).to_contain_text("You wrote: “Hello there”.")
        await open_models(watched)
        await added.get_by_role("button", name="Remove ollama").click()
        await watched.page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
        await expect(added).to_be_hidden()
        # Its list is still open, and is written anew when it hears of the change.
        await expect(other.page.get_by_role("group", name="Model")).not_to_contain_text("llama3.2:latest")
    await other.context.close()
    assert other.faults == []


async def test_the_page_of_models_has_an_address_and_back_and_escape_lead_out_of_it(
    watched: Watched, server: Server
) -> None:
    await watched.say("[[text]] Stay here")
    await expect(reply_of(watched)).to_contain_text("keep warm")
    chat = watched.page.url
    await watched.page.get_by_role("button", name=re.compile("^Model: ")).click()
    await watched.page.get_by_role("button", name="Models and servers…").click()
    await expect(watched.page).to_have_url(server.address + "/models")
    await watched.page.get_by_role("link", name="Keys", exact=True).click()
    await expect(watched.page).to_have_url(server.address + "/models/keys")
    await watched.page.reload()
    await expect(watched.page.get_by_role("heading", name="Keys", level=2)).to_be_visible()
    await watched.page.go_back()
    await expect(watched.page.get_by_role("heading", name="Servers", level=2)).to_be_visible()
    await watched.page.go_back()
    await expect(watched.page).to_have_url(chat)
    await expect(reply_of(watched)).to_contain_text("keep warm")
    await watched.page.keyboard.press("Control+Shift+Comma")
    await expect(watched.page).to_have_url(server.address + "/models")
    await watched.page.keyboard.press("Escape")
    await expect(watched.page).to_have_url(chat)
    await expect(watched.input).to_be_focused()


async def test_escape_leaves_a_page_whose_code_has_not_come_yet_and_one_whose_code_cannot_come(
    watched: Watched, server: Server
) -> None:
    await watched.say("[[text]] Stay here")
    await expect(reply_of(watched)).to_contain_text("keep warm")
    chat = watched.page.url
    is_let_through = asyncio.Event()

    async def hold(route: Route) -> None:
        await is_let_through.wait()
        await route.continue_()

    await watched.page.route("**/ModelsPage-*.js", hold)
    await watched.page.route("**/PromptsPage-*.js", lambda route: route.abort())
    await watched.page.keyboard.press("Control+Shift+Comma")
    await expect(watched.page).to_have_url(server.address + "/models")
    await expect(watched.page.get_by_role("status").filter(has_text="Opening…")).to_be_visible()
    await watched.page.keyboard.press("Escape")
    await expect(watched.page).to_have_url(chat)
    await expect(watched.input).to_be_focused()
    is_let_through.set()
    await watched.page.get_by_role("link", name="Prompts and examples").click()
    await expect(watched.page.get_by_role("main").get_by_role("alert")).to_be_visible()
    await watched.page.keyboard.press("Escape")
    await expect(watched.page).to_have_url(chat)
    await expect(watched.page.get_by_role("heading", name="Models and servers", level=1)).to_have_count(0)


async def test_a_wrong_address_is_told_in_words_and_what_was_written_stays(watched: Watched, server: Server) -> None:
    await open_models(watched)
    await add_server(watched, "http://127.0.0.1:9")
    dialog = watched.page.get_by_role("dialog", name="Add a server")
    await expect(dialog.get_by_role("alert")).to_contain_text("does not answer")
    await expect(dialog.get_by_label("Address")).to_have_value("http://127.0.0.1:9")
    await dialog.get_by_label("Address").fill("http://models.example.org")
    await expect(dialog).to_contain_text("messages for its models leave it")
    await watched.page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(watched.page.get_by_role("button", name="Add a server")).to_be_focused()


async def test_a_server_that_asks_for_a_key_gets_it_later(watched: Watched, server: Server) -> None:
    async with run_stand_in("vllm", Behaviour(key="open-sesame")) as stand_in:
        await open_models(watched)
        await add_server(watched, stand_in.url, Name="locked", Key="wrong")
        try:
            locked = card(watched.page, "locked")
            await expect(locked).to_contain_text("does not accept the key")
            await locked.get_by_role("button", name="Give a key").click()
            dialog = watched.page.get_by_role("dialog", name="Change locked")
            await dialog.get_by_label("Key", exact=True).fill("open-sesame")
            await dialog.get_by_role("button", name="Save").click()
            await expect(dialog).to_be_hidden()
            await watched.page.get_by_role("button", name="Look again").click()
            await expect(locked).to_contain_text("ready")
            assert "open-sesame" not in await watched.page.content()
        finally:
            await forget(watched, server, "locked")


async def test_a_model_that_takes_pictures_and_does_not_see_is_found_out(watched: Watched, server: Server) -> None:
    async with served(watched, server, "ollama"):
        blind = card(watched.page, "ollama").get_by_role("listitem").filter(has_text="blind-llava:7b").first
        await blind.get_by_role("button", name=re.compile("^Try whether it sees")).click()
        await expect(blind.get_by_role("alert")).to_contain_text("may push another one out")
        await blind.get_by_role("button", name="Try all the same").click()
        await expect(blind).to_contain_text("takes pictures and does not see them")
        await expect(blind).to_contain_text("text only · tried")
        assert await watched.axe() == []


async def test_a_preset_sets_parameters_at_one_click_and_they_stay(watched: Watched) -> None:
    await watched.page.get_by_role("button", name="Show the panel").click()
    await watched.page.get_by_role("button", name="Creative writing").click()
    temperature = watched.page.get_by_role("textbox", name="Temperature")
    await expect(temperature).to_have_value("1")
    await watched.page.get_by_role("button", name="Extraction").click()
    await expect(temperature).to_have_value("0")
    await expect(watched.page.get_by_role("textbox", name="Presence penalty")).to_have_value("")
    schema = watched.page.get_by_role("textbox", name="Form of the reply (JSON Schema)")
    await schema.fill('{"name": "Ann"}')
    await schema.blur()
    await expect(watched.page.get_by_role("alert")).to_contain_text("looks like an example")
    await schema.fill('{"type": "object"}')
    await schema.blur()
    await expect(watched.page.get_by_role("alert")).to_have_count(0)
    assert await watched.axe() == []
    await watched.say("[[text]] with parameters")
    await expect(reply_of(watched)).to_contain_text("keep warm")
    await watched.page.reload()
    await expect(watched.page.get_by_role("button", name="Extraction")).to_have_attribute("aria-pressed", "true")
    await expect(schema).to_have_value(re.compile('"type": "object"'))


async def test_what_the_server_of_a_model_lacks_is_shown_and_cannot_be_set(watched: Watched, server: Server) -> None:
    async with served(watched, server, "lmstudio"):
        await watched.page.keyboard.press("Escape")
        await choose_model(watched.page, "meta-llama-3.1-8b-instruct")
        await watched.page.get_by_role("button", name="Show the panel").click()
        lacking = watched.page.get_by_role("textbox", name="Min P")
        await expect(lacking).to_be_disabled()
        await expect(lacking).to_have_accessible_description(re.compile("does not take it"))
        await expect(watched.page.get_by_role("textbox", name="Temperature")).to_be_enabled()


async def test_the_place_in_the_line_is_told_until_it_is_one_s_turn(watched: Watched, server: Server) -> None:
    async def open_chat(question: str) -> None:
        await watched.page.get_by_role("link", name=re.compile(f"^{question}")).click()

    async def stop(question: str) -> None:
        await open_chat(question)
        await watched.page.get_by_role("button", name="Stop", exact=True).click()
        await expect(reply_of(watched)).to_contain_text("You stopped this reply.")

    async with served(watched, server, "ollama", Behaviour(tokens_per_s=5, answer_tokens=5000), Answers_at_once="1"):
        await watched.page.keyboard.press("Escape")
        questions = ("the first of three", "the second of three", "the third of three")
        for question in questions:
            await watched.page.keyboard.press("Control+Shift+KeyO")
            await choose_model(watched.page, "llama3.2:latest")
            await watched.say(question)
            await expect(reply_of(watched)).to_be_visible()
        await expect(reply_of(watched)).to_contain_text("2nd in line")
        await watched.page.reload()
        await expect(reply_of(watched)).to_contain_text("2nd in line")
        await stop(questions[0])
        await open_chat(questions[2])
        await expect(reply_of(watched)).to_contain_text("Next in line")
        await stop(questions[1])
        await open_chat(questions[2])
        await expect(reply_of(watched)).to_contain_text("You wrote")
        await expect(reply_of(watched)).not_to_contain_text("in line")
        await stop(questions[2])


async def test_an_answer_to_a_cut_prompt_is_marked_now_and_when_it_is_opened_again(
    watched: Watched, server: Server
) -> None:
    async with served(watched, server, "ollama", Behaviour(evaluates_at_most=50)):
        await watched.page.keyboard.press("Escape")
        await choose_model(watched.page, "llama3.2:latest")
        await watched.say(WORDS)
        warning = watched.page.get_by_role("region", name="Do not rely on this answer")
        await expect(warning).to_contain_text(re.compile(r"ollama read only 50 of [\d,]+ tokens"))
        assert await watched.axe() == []
        await watched.page.reload()
        await expect(warning).to_contain_text("ollama read only 50 of")


async def test_a_key_is_shown_once_works_and_can_be_revoked(watched: Watched, server: Server) -> None:
    await open_models(watched)
    await watched.page.get_by_role("link", name="Keys", exact=True).click()
    await watched.page.get_by_role("button", name="New key").click()
    dialog = watched.page.get_by_role("dialog", name="New key")
    await dialog.get_by_label("Name").fill("nightly script")
    await dialog.get_by_role("checkbox", name="embeddings").uncheck()
    await dialog.get_by_label("Tokens a day").fill("5000")
    await dialog.get_by_role("button", name="Create").click()
    fresh = watched.page.get_by_role("alert").filter(has_text="nightly script")
    secret = await fresh.locator("code").inner_text()
    assert await watched.axe() == []
    assert secret.startswith("sk-samovar-")
    headers = {"Authorization": f"Bearer {secret}"}
    outsider = await (await watch_nothing(watched)).get(f"{server.address}/v1/models", headers=headers)
    assert outsider.ok
    await fresh.get_by_role("button", name="I have it").click()
    await watched.page.reload()
    row = watched.page.get_by_role("listitem").filter(has_text="nightly script").first
    await expect(row).to_contain_text("0 of 5,000 tokens today")
    assert secret not in await watched.page.content()
    await row.get_by_role("button", name="Revoke nightly script").click()
    await watched.page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    await expect(watched.page.get_by_text("No program has a key.")).to_be_visible()


async def watch_nothing(watched: Watched) -> APIRequestContext:
    """Requests without the cookie of the page."""
    browser = watched.context.browser
    assert browser is not None
    return (await browser.new_context()).request


async def test_the_catalogue_is_narrowed_down_and_says_what_a_model_needs(watched: Watched) -> None:
    await watched.page.goto(watched.page.url + "models/catalogue")
    models = watched.page.get_by_role("main").get_by_role("article")
    await expect(models.first).to_be_visible()
    before = await models.count()
    await watched.page.get_by_label("Licence").select_option("Apache-2.0")
    await expect(models).not_to_have_count(before)
    await expect(models.first).to_contain_text("Apache 2.0")
    await models.first.get_by_text("What it needs, where to get it").click()
    await models.first.get_by_label("Memory, GB").fill("1000")
    await expect(models.first).to_contain_text("It fits.")
    await models.first.get_by_label("Memory, GB").fill("0.1")
    await expect(models.first).to_contain_text("It does not fit.")
    assert await watched.axe() == []


async def test_nothing_is_downloaded_until_the_administrator_lets_it(watched: Watched, server: Server) -> None:
    await watched.page.goto(f"{server.address}/models/files")
    await expect(watched.page.get_by_role("main")).to_contain_text("Downloads are off")
    await expect(watched.page.get_by_role("button", name="Download")).to_have_count(0)


async def test_a_file_is_downloaded_with_its_progress_and_deleted(browser: Browser, tmp_path: Path) -> None:
    async with run_hub() as hub:
        model = write_model(tmp_path / "samovar.gguf", fields=FIELDS, tensors=TENSORS)
        hub.files["tea/samovar-gguf/samovar.gguf"] = model.read_bytes()
        downloads = {"SAMOVAR_DOWNLOADS_ENABLED": "true", "SAMOVAR_DOWNLOADS_HUB_URL": hub.url}
        async with open_server(browser, downloads) as server:
            opened = await watch(browser, locale="en-US", storage_state=server.cookies)
            await opened.page.goto(f"{server.address}/models/files")
            main = opened.page.get_by_role("main")
            await main.get_by_label("Repository").fill("tea/samovar-gguf")
            await main.get_by_label("File").fill("missing.gguf")
            await main.get_by_role("button", name="Download").click()
            failed = main.get_by_role("listitem").filter(has_text="missing.gguf")
            await expect(failed).to_contain_text("the hub does not have it")
            await failed.get_by_role("button", name="Stop missing.gguf and remove what came").click()
            await expect(failed).to_be_hidden()
            await main.get_by_label("Repository").fill("tea/samovar-gguf")
            await main.get_by_label("File").fill("samovar.gguf")
            await main.get_by_role("button", name="Download").click()
            kept = main.get_by_role("listitem").filter(has_text="downloaded from tea/samovar-gguf")
            await expect(kept).to_contain_text(hub.sha256("tea/samovar-gguf/samovar.gguf"))
            assert await opened.axe() == []
            await kept.get_by_role("button", name="Delete samovar.gguf").click()
            await opened.page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
            await expect(main).to_contain_text("No model file has been imported.")
            await opened.context.close()
            assert opened.faults == []


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
@pytest.mark.parametrize(("locale", "viewport"), [("en-US", (1280, 800)), ("ru-RU", (390, 844))])
async def test_no_section_breaks_a_rule_of_accessibility_or_of_content_security(
    browser: Browser, server: Server, theme: str, locale: str, viewport: tuple[int, int]
) -> None:
    opened = await watch(
        browser,
        locale=locale,
        viewport={"width": viewport[0], "height": viewport[1]},
        storage_state=server.cookies,
    )
    await opened.page.add_init_script(f"localStorage.setItem('samovar.preferences', '{{\"theme\":\"{theme}\"}}')")
    for section in ("", "/catalogue", "/files", "/keys"):
        await opened.page.goto(f"{server.address}/models{section}")
        await opened.page.get_by_role("heading", level=2).first.wait_for()
        await opened.page.wait_for_load_state("networkidle")
        assert await opened.axe() == [], section
        width = await opened.page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport[0], f"{section} scrolls sideways"
    await opened.context.close()
    assert opened.faults == []
    assert [url for url in opened.foreign_requests if not url.startswith(server.address)] == []
