"""A claim is borne out by its source, or what differs is named."""

import re
from collections.abc import Sequence
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.document import Chunk, Passage
from samovar.domain.grounding import Claim, Grounding
from samovar.domain.ids import ChunkId, DocumentId
from samovar.retrieval.cite import cite

CONTRACT = (
    "Договор поставки с ООО «Вектор»\n\nАванс составляет 30 % от цены. Неустойка — 5 %. Договор подписан 12.03.2024. "
    "Цена договора — 1 250 000 руб. Товар не подлежит возврату.\n\nПетров передал акт Иванову."
)
PLANS = (
    "Plans of Acme\n\n| Plan | Fee, USD | Minutes |\n| --- | --- | --- |\n| Basic | 300 | 500 |\n| Family | 700 | 900 |"
)
SALE = "Northgate bought Oakfield in May. The price was $12,500. Refunds are not available."
OTHER = "Протокол совещания. Присутствовало 12 человек."


async def short_words(texts: Sequence[str]) -> tuple[frozenset[str], ...]:
    """The first letters of words, in the place of their stems, which come from PostgreSQL."""
    stop = {"the", "was", "are", "not", "and", "with", "для", "все", "при"}
    words = (re.findall(r"[^\W_]+", text.lower().replace("ё", "е")) for text in texts)
    return tuple(frozenset(word[:6] for word in found if len(word) > 2 and word not in stop) for found in words)


def passage(text: str, name: str = "file.txt") -> Passage:
    chunk = Chunk(chunk_id=ChunkId(uuid4()), document_id=DocumentId(uuid4()), page=1, start=0, end=len(text), text=text)
    return Passage(chunk=chunk, document=name, score=1.0)


async def ground(answer: str, *texts: str, question: str = "") -> Grounding:
    return (await cite(answer, question, [passage(text) for text in texts], short_words)).grounding


async def claim(answer: str, *texts: str, question: str = "") -> Claim:
    [found] = (await ground(answer, *texts, question=question)).claims
    return found


@pytest.mark.parametrize(
    ("answer", "source"),
    [
        ("Аванс составляет 30 % от цены [1].", CONTRACT),
        ("Аванс — 30 процентов.", CONTRACT),
        ("Цена договора равна 1250000 рублей.", CONTRACT),
        ("Цена договора — 1,25 млн руб.", CONTRACT),
        ("Договор подписан 12 марта 2024 года.", CONTRACT),
        ("Аванс — 30 %, а неустойка — 5 %.", CONTRACT),
        ("Петров передал Иванову акт.", CONTRACT),
        ("В договоре сказано: «Аванс составляет 30 % от цены».", CONTRACT),
        ("Возврату товар не подлежит.", CONTRACT),
        ("Oakfield was bought by Northgate.", SALE),
        ("The price was 12,500 dollars.", SALE),
        ("The fee of the Basic plan is $300.", PLANS),
        ("The Family plan has 900 minutes.", PLANS),
    ],
)
async def test_true_claims_are_borne_out(answer: str, source: str) -> None:
    found = await claim(answer, source, OTHER)
    assert (found.verdict, found.labels, found.faults) == ("supported", (1,), ())


@pytest.mark.parametrize(
    ("answer", "source", "fault"),
    [
        ("Аванс составляет 40 % от цены [1].", CONTRACT, "number"),
        ("Аванс составляет 5 % от цены [1].", CONTRACT, "number"),
        ("Аванс составляет 30 рублей [1].", CONTRACT, "number"),
        ("Договор подписан 13 марта 2024 года [1].", CONTRACT, "date"),
        ("Сидоров передал акт Иванову [1].", CONTRACT, "name"),
        ("Иванов передал акт Петрову [1].", CONTRACT, "name"),
        ("Товар подлежит возврату [1].", CONTRACT, "negation"),
        ("В договоре сказано: «Аванс составляет 30 % от стоимости» [1].", CONTRACT, "quote"),
        ("Oakfield bought Northgate [1].", SALE, "name"),
        ("The price was €12,500 [1].", SALE, "number"),
        ("Refunds are available [1].", SALE, "negation"),
        ("The fee of the Basic plan is $700 [1].", PLANS, "number"),
        ("The Family plan has 700 minutes [1].", PLANS, "number"),
    ],
)
async def test_what_was_altered_is_named(answer: str, source: str, fault: str) -> None:
    found = await claim(answer, source, OTHER)
    assert found.verdict in ("altered", "unsupported")
    assert fault in found.faults


@pytest.mark.parametrize("answer", ["Доставка идёт поездом из Омска [1].", "The buyer gets free training [1]."])
async def test_what_stands_nowhere_is_not_borne_out_and_loses_its_label(answer: str) -> None:
    cited = await cite(answer, "", [passage(CONTRACT), passage(SALE)], short_words)
    assert [one.verdict for one in cited.grounding.claims] == ["unsupported"]
    assert "[1]" not in cited.text
    assert all(citation.origin == "nearest" for citation in cited.citations)


async def test_a_label_of_another_passage_is_put_right_and_told_of() -> None:
    cited = await cite("Аванс составляет 30 % от цены [2].", "", [passage(CONTRACT), passage(OTHER)], short_words)
    [found] = cited.grounding.claims
    assert cited.text == "Аванс составляет 30 % от цены [1]."
    assert (found.verdict, found.labels, found.faults) == ("supported", (1,), ("wrong_place",))


async def test_a_claim_without_names_is_of_whom_was_asked() -> None:
    one = "Договор с ООО «Вектор»\n\nАванс составляет 30 %."
    other = "Договор с ООО «Лазурит»\n\nАванс составляет 50 %."
    question = "Какой аванс у ООО «Вектор»?"
    assert (await claim("Аванс — 50 %.", one, other, question=question)).verdict == "altered"
    assert (await claim("Аванс — 30 %.", one, other, question=question)).labels == (1,)


async def test_the_evidence_is_strong_weak_or_none() -> None:
    assert (await ground("", CONTRACT, question="Какой аванс у ООО «Вектор»?")).evidence == "strong"
    assert (await ground("", CONTRACT, question="Какой телефон у ООО «Вектор»?")).evidence != "strong"
    assert (await ground("", CONTRACT, question="Какой аванс у ООО «Гранит»?")).evidence != "strong"
    assert (await ground("", question="Какой аванс?")).evidence == "none"


async def test_an_answer_that_refuses_is_known_as_such() -> None:
    found = await ground("В документах нет сведений о телефоне.", CONTRACT, question="Какой телефон?")
    assert found.says_not_found
    assert [one.verdict for one in found.claims] == ["unchecked"]


@given(st.integers(100, 10**8), st.data())
async def test_any_changed_digit_is_flagged_and_no_other_form_is(number: int, data: st.DataObject) -> None:
    source = f"Договор с заводом. Цена договора составляет {number:,} руб. Срок не указан.".replace(",", " ")
    form = data.draw(st.sampled_from([f"{number}", f"{number:,}".replace(",", "\u00a0"), f"{number},00"]))
    assert (await claim(f"Цена договора составляет {form} рублей [1].", source)).verdict == "supported"
    digits = list(str(number))
    place = data.draw(st.integers(0, len(digits) - 1))
    digits[place] = data.draw(st.sampled_from([d for d in "123456789" if d != digits[place]]))
    assert (await claim(f"Цена договора составляет {''.join(digits)} рублей [1].", source)).verdict != "supported"
