"""Every kind of picture is read by a process that may start no thread and open no file."""

from io import BytesIO

import pytest
from PIL import Image
from tests.corpus.image_papers import PAPERS
from tests.corpus.paper import Paper

from samovar.domain.page import DocumentHead, ParsedPage
from samovar.sandbox.reader import SandboxedReader

pytest_plugins = ["tests.support.sandbox"]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
async def test_a_picture_is_read_and_drawn_in_the_sandbox(reader: SandboxedReader, paper: Paper) -> None:
    content = paper.make()
    head, *pages = [part async for part in reader.read(content, name=paper.file_name)]
    assert isinstance(head, DocumentHead)
    assert head.page_count == len(pages) == len(paper.sheets)
    for number, page in enumerate(pages, start=1):
        assert isinstance(page, ParsedPage)
        assert (page.page.status, page.page.reason) == ("waiting", "no_text_layer")
        drawn = await reader.render_page(content, kind="image", page=number, width_px=90)
        with Image.open(BytesIO(drawn.content)) as opened:
            assert opened.size == (drawn.width, drawn.height)
            assert drawn.width == 90
