"""Take the pictures of the README anew: real servers, a real browser, papers made on the spot.

English pictures show the model that comes with Samovar. It knows no Russian, so in the Russian ones the
scripted stand-in recites, under its own name, what stands in the paper.
Needs a Chromium, on PATH or named in CHROMIUM_PATH, and the built page.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, StorageState, expect, sync_playwright
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.papers import damaged_page_pdf, mixed_pdf  # noqa: E402 - the checkout's own
from tests.support.process import serve  # noqa: E402 - the checkout's own

PICTURES: Final = ROOT / "docs" / "pictures"
MARK: Final = ROOT / "web" / "public" / "favicon.svg"
LIMIT_BYTES: Final = 1_200_000
REPLY_TIMEOUT_MS: Final = 180_000
COLOURS: Final = 160
DESKTOP: Final = (1440, 900)
PHONE: Final = (390, 844)

Theme = Literal["light", "dark"]
Part = tuple[str, Sequence[str]]

ENGLISH_PAPER: Final[Sequence[Sequence[Part]]] = (
    (
        (
            "Harbour Lights",
            (
                "Operator's manual",
                "This manual is for the people who keep the lights of the harbour burning. It tells how the service is "
                "installed, how the parts of it talk to one another, and what to do when a lamp goes dark.",
            ),
        ),
        (
            "1. Before you begin",
            (
                "You need a machine with four cores and 16 GB of memory, and a place for it that stays dry in winter.",
                "Read the chapter on maintenance before you open a lamp house.",
            ),
        ),
    ),
    (
        (
            "2. Network",
            (
                "Every part of the system talks over the network of the harbour only; nothing is sent outside.",
                "The service listens on port 7431. Requests from other networks are refused, and each refusal is "
                "written to the journal.",
                "The journal is kept for ninety days. It names the time, the address and the reason, and nothing of "
                "what was asked.",
                "When the network is down, each lamp goes on by itself: it burns from dusk to dawn by its own clock, "
                "and tells what happened as soon as it is heard again.",
            ),
        ),
        (
            "3. Lamps",
            (
                "A lamp reports its state every ten seconds. A lamp that has been silent for a minute is shown in red, "
                "and the keeper on duty is called.",
                "A lamp may be put to rest for repairs from the desk of the keeper. It wakes by itself after six "
                "hours, so that nobody has to remember it.",
                "After a storm, look at every lamp from the water before the first ship comes in.",
            ),
        ),
    ),
    (
        (
            "4. Maintenance",
            (
                "Lenses are cleaned on the first Monday of each month with soft cloth and warm water.",
                "A worn battery is replaced by a new one of the same kind, never by a used one.",
            ),
        ),
    ),
)
RUSSIAN_PAPER: Final[Sequence[Sequence[Part]]] = (
    (
        (
            "Самовар жаровой",
            (
                "Руководство по эксплуатации",
                "Сохраните это руководство: в нём сказано, как растопить самовар, как за ним ухаживать и чего делать "
                "нельзя.",
            ),
        ),
        (
            "1. Комплект",
            ("Самовар, труба, поднос, заварочный чайник, щипцы для углей и это руководство.",),
        ),
    ),
    (
        (
            "2. Устройство",
            (
                "Самовар кипятит воду для чая: внутри горит огонь, а сверху греется заварочный чайник. "
                "Ёмкость — пять литров.",
                "Труба внутри корпуса называется кувшином. Снизу в неё через решётку входит воздух, а сверху выходит "
                "дым, поэтому в комнате самовар не топят без вытяжки.",
                "Корпус сделан из латуни, кран — из бронзы. Ручки деревянные и не нагреваются.",
            ),
        ),
        (
            "3. Растопка",
            (
                "Сначала налейте воду, и только потом разводите огонь: без воды корпус распаяется.",
                "Заполните кувшин на две трети лучиной и шишками, подожгите их сверху и наденьте трубу. Когда огонь "
                "займётся, трубу снимают и подкладывают уголь.",
                "Топите сухими шишками или углём. Вода закипает примерно за двадцать минут.",
                "Когда самовар зашумит, прикройте поддувало: так он дольше останется горячим.",
            ),
        ),
    ),
    (("4. Уход", ("Воду после чаепития сливают. Накипь снимают раствором лимонной кислоты.",)),),
)


@dataclass(frozen=True, slots=True)
class Words:
    """What is asked and clicked in one language."""

    locale: str
    file_name: str
    paper: Sequence[Sequence[Part]]
    question: str
    sources: re.Pattern[str]
    message: str
    files: str
    finished: str
    models: str
    #: Questions asked before, each with the model that answers; none where there is only one.
    earlier: Sequence[tuple[str, str]]
    model: str = ""
    #: The knowledge base, what is written into its dialog, and a word of the paper to search for.
    base: str = ""
    create: str = ""
    status: str = ""
    searched: str = ""


ENGLISH: Final = Words(
    locale="en-US",
    file_name="harbour-lights.pdf",
    paper=ENGLISH_PAPER,
    question="Which port does the service listen on?",
    sources=re.compile("source"),
    message="Message",
    files="Attached files",
    finished="The reply is finished.",
    models="Model",
    earlier=(
        ("What is the capital of France?", ""),
        ("Write a Python function that adds two numbers.", ""),
    ),
    base="Harbour",
    create="Create",
    status="ready",
    searched="port 7431",
)
RUSSIAN: Final = Words(
    locale="ru-RU",
    file_name="самовар.pdf",
    paper=RUSSIAN_PAPER,
    question="Как устроен самовар и сколько воды он вмещает?",
    sources=re.compile("источник"),
    message="Сообщение",
    files="Прикреплённые файлы",
    finished="Ответ готов.",
    models="Модель",
    earlier=(("Какой температуры должна быть вода для чая?", "markdown"), ("Чем растопить самовар?", "russian")),
    model="russian",
    base="Самовары",
    create="Создать",
    status="готов",
    searched="самовар",
)


def main() -> int:
    """Write every picture; 1 when together they are too large."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(MARK, PICTURES / "mark.svg")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        with served(browser, ENGLISH, with_engine=True) as studio:
            studio.shoot("empty-light-en", "light", DESKTOP, with_chat=False)
            studio.prepare()
            studio.shoot("chat-light-en", "light", DESKTOP, with_source=True)
            studio.shoot("chat-dark-en", "dark", DESKTOP, with_source=True)
            studio.shoot("phone-dark-en", "dark", PHONE)
            studio.fill_library()
            studio.shoot_library("library-light-en", "light", DESKTOP)
            studio.shoot_document("document-dark-en", "dark", DESKTOP)
        with served(browser, RUSSIAN, with_engine=False) as studio:
            studio.prepare()
            studio.shoot("chat-light-ru", "light", DESKTOP, with_source=True)
            studio.shoot("phone-light-ru", "light", PHONE)
            studio.fill_library()
            studio.shoot_library("library-phone-ru", "light", PHONE)
        browser.close()
    sizes = {path.name: path.stat().st_size for path in sorted(PICTURES.iterdir())}
    for name, size_bytes in sizes.items():
        print(f"{size_bytes:>9}  docs/pictures/{name}")
    print(f"{sum(sizes.values()):>9}  of {LIMIT_BYTES}")
    return int(sum(sizes.values()) > LIMIT_BYTES)


def chromium_path() -> str:
    """Where Chromium is."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        raise SystemExit("No Chromium was found: install it, or name it in CHROMIUM_PATH.")
    return found


@dataclass(slots=True)
class Studio:
    """A server, a browser that is signed in there, and the words of one language."""

    browser: Browser
    address: str
    cookies: StorageState
    words: Words
    chat: str = "/"
    library: str = "/library"

    def prepare(self) -> None:
        """Hold the conversations that the pictures show, through the page."""
        with self._page("light", DESKTOP) as page:
            for question, model in self.words.earlier:
                page.goto(self.address)
                self._ask(page, question, model)
            page.goto(self.address)
            paper = make_paper(self.words.paper)
            page.locator("form input[type=file]").set_input_files(
                {"name": self.words.file_name, "mimeType": "application/pdf", "buffer": paper}
            )
            page.get_by_role("list", name=self.words.files).get_by_text("3").wait_for()
            self._ask(page, self.words.question, self.words.model)
            self.chat = page.url.removeprefix(self.address)

    def shoot(
        self, name: str, theme: Theme, size: tuple[int, int], *, with_chat: bool = True, with_source: bool = False
    ) -> None:
        """Take one picture."""
        with self._page(theme, size) as page:
            page.goto(self.address + (self.chat if with_chat else "/"))
            page.get_by_role("textbox", name=self.words.message).wait_for()
            page.get_by_role("button", name=re.compile("^(Model|Модель): ")).wait_for()
            if with_chat:
                page.get_by_role("article", name="Samovar").last.wait_for()
            if with_source:
                page.get_by_role("region", name=self.words.sources).get_by_role("button").first.click()
                page.get_by_role("dialog").locator("svg rect").first.wait_for(state="attached")
                expect(page.get_by_role("dialog").locator("img")).to_have_js_property("complete", True)
            page.mouse.move(0, 0)
            page.wait_for_timeout(600)
            save(page.screenshot(), PICTURES / f"{name}.png")

    def fill_library(self) -> None:
        """Make a knowledge base with a paper that was printed, one that was scanned and a table."""
        with self._page("light", DESKTOP) as page:
            page.goto(self.address + "/library")
            page.locator("main button").first.click()
            page.get_by_role("dialog").get_by_role("textbox").fill(self.words.base)
            page.get_by_role("dialog").get_by_role("button", name=self.words.create).click()
            page.get_by_role("heading", name=self.words.base, level=2).wait_for()
            files = {
                self.words.file_name: make_paper(self.words.paper),
                "scan.pdf": mixed_pdf(),
                "damaged.pdf": damaged_page_pdf(),
                "2026.csv": b"lamp;hours\n1;4100\n2;3870\n",
            }
            chosen: list[FilePayload] = [
                {"name": name, "mimeType": "application/octet-stream", "buffer": content}
                for name, content in files.items()
            ]
            page.locator("main input[type=file]").first.set_input_files(chosen)
            expect(page.get_by_role("cell").get_by_text(self.words.status, exact=True)).to_have_count(
                len(files), timeout=REPLY_TIMEOUT_MS
            )
            self.library = page.url.removeprefix(self.address)

    def shoot_library(self, name: str, theme: Theme, size: tuple[int, int]) -> None:
        """Take a picture of the table of documents."""
        with self._page(theme, size) as page:
            page.goto(self.address + self.library)
            page.get_by_role("heading", name=self.words.base, level=2).wait_for()
            page.get_by_role("row").nth(1).wait_for()
            page.wait_for_timeout(600)
            save(page.screenshot(), PICTURES / f"{name}.png")

    def shoot_document(self, name: str, theme: Theme, size: tuple[int, int]) -> None:
        """Take a picture of the paper with its report, and with a mark where something was found."""
        with self._page(theme, size) as page:
            page.goto(self.address + self.library)
            page.get_by_role("rowheader").get_by_role("link", name=self.words.file_name).click()
            page.locator("header button[aria-pressed]").first.click()
            page.get_by_role("searchbox").last.fill(self.words.searched)
            page.locator("svg rect").first.wait_for(state="attached")
            page.wait_for_timeout(800)
            save(page.screenshot(), PICTURES / f"{name}.png")

    def _ask(self, page: Page, question: str, model: str) -> None:
        if model:
            page.get_by_role("button", name=re.compile("^(Model|Модель): ")).click()
            page.get_by_role("group", name=self.words.models).get_by_role(
                "button", name=re.compile(rf"^{model}\b")
            ).click()
        field = page.get_by_role("textbox", name=self.words.message)
        field.fill(question)
        field.press("Enter")
        page.get_by_text(self.words.finished, exact=True).wait_for(state="attached", timeout=REPLY_TIMEOUT_MS)

    @contextmanager
    def _page(self, theme: Theme, size: tuple[int, int]) -> Iterator[Page]:
        context = self.browser.new_context(
            storage_state=self.cookies,
            locale=self.words.locale,
            color_scheme=theme,
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=1.5 if size == DESKTOP else 2,
            reduced_motion="reduce",
        )
        yield context.new_page()
        context.close()


@contextmanager
def served(browser: Browser, words: Words, *, with_engine: bool) -> Iterator[Studio]:
    """A fresh server in a folder that is gone afterwards."""
    # What else runs on this machine is no part of the pictures.
    alone = {"PYTHONPATH": str(ROOT / "src"), "SAMOVAR_BACKENDS_DISCOVER": "false"}
    environment = alone | ({} if with_engine else {"SAMOVAR_BACKENDS_SCRIPTED": "true"})
    arguments = [] if with_engine else ["--no-engine"]
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder), *arguments, environment=environment) as process:
        context = browser.new_context()
        page = context.new_page()
        page.goto(process.link)
        page.get_by_role("textbox").last.wait_for()
        page.wait_for_function("fetch('/api/system').then(r => r.json()).then(s => s.engine.state !== 'starting')")
        cookies = context.storage_state()
        context.close()
        # Only the cookie: what a page remembers for itself stays out of the pictures.
        yield Studio(browser, process.address, {"cookies": cookies["cookies"], "origins": []}, words)


def make_paper(pages: Sequence[Sequence[Part]]) -> bytes:
    """Set a small manual in PT Sans; the first line of all is its title. Equal texts give equal bytes."""
    for name, file in (("Paper", "PT_Sans-Web-Regular.ttf"), ("Paper Bold", "PT_Sans-Web-Bold.ttf")):
        with as_file(files("fontpkg_pt_sans") / "files" / file) as path:
            pdfmetrics.registerFont(TTFont(name, str(path)))
    copper = HexColor("#94491b")
    title = ParagraphStyle("title", fontName="Paper Bold", fontSize=22, leading=28, textColor=copper)
    heading = ParagraphStyle("heading", fontName="Paper Bold", fontSize=13, leading=18, spaceBefore=12, spaceAfter=4)
    text = ParagraphStyle("text", fontName="Paper", fontSize=10.5, leading=15, spaceAfter=7)
    story: list[Flowable] = []
    for number, page in enumerate(pages):
        for place, (head, paragraphs) in enumerate(page):
            story.append(Paragraph(head, title if number == place == 0 else heading))
            story.extend(Paragraph(paragraph, text) for paragraph in paragraphs)
            story.append(Spacer(1, 4))
        story.append(PageBreak())
    buffer = BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), 44)
    SimpleDocTemplate(buffer, pagesize=A5, invariant=1, **margins).build(story)
    return buffer.getvalue()


def save(picture: bytes, path: Path) -> None:
    """Write a picture with few colours, which for a page of text look like all of them."""
    Image.open(BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
