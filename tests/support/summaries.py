"""Conversations with summaries of them, good and bad, in Russian and English."""

from dataclasses import dataclass
from typing import Final

from samovar.chat.summary_check import SourceTurn

__all__ = ["ENGLISH", "RUSSIAN", "TALKS", "Talk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Turns, the person's first, with summaries that are true and such as have one thing changed."""

    turns: tuple[str, ...]
    good: tuple[str, ...]
    changed: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def source(self) -> tuple[SourceTurn, ...]:
        return tuple(SourceTurn(text=text, by_person=place % 2 == 0) for place, text in enumerate(self.turns))


RUSSIAN: Final = Talk(
    turns=(
        "Меня зовут Олег Смирнов, я работаю в компании «Вектор» в Казани. Мы снимаем склад: аренда составляет 145 000 "
        "рублей в месяц, а депозит — 290 000 рублей.",
        "Здравствуйте, Олег! Запомнил: склад в Казани, аренда 145 000 рублей в месяц, депозит 290 000 рублей. Чем "
        "помочь? Могу посчитать расходы за год, составить письмо арендодателю или подсказать, на что смотреть в "
        "договоре аренды склада: порядок индексации, ремонт, страхование, расторжение.",
        "Договор подписан 12 марта 2024 года. Директор Анна Петрова отвечает за договор, а бухгалтер Иван Козлов "
        "отвечает за оплату. Какие есть риски?",
        "Обычно смотрят на три вещи: кто платит за ремонт, как растёт цена и за сколько дней предупреждают о выезде. "
        "Если срок предупреждения не указан, по закону для договора на неопределённый срок он составляет 3 месяца. "
        "Стоит проверить и акт приёма-передачи: без него спорят о состоянии склада.",
        "Предупредить о выезде надо за 45 дней. Встреча с арендодателем в четверг, 16 мая. Номер договора А-117/24.",
        "Хорошо, тогда к встрече подготовьте акт, фотографии склада и вопрос об индексации. Могу составить список "
        "вопросов и письмо, в котором вы подтверждаете встречу.",
    ),
    good=(
        "Олег Смирнов из компании «Вектор» снимает склад в Казани: аренда 145 000 рублей в месяц, депозит 290 000 "
        "рублей. Договор А-117/24 подписан 12.03.2024; за договор отвечает директор Анна Петрова, за оплату — "
        "бухгалтер Иван Козлов. О выезде предупреждают за 45 дней. Встреча с арендодателем в четверг, 16 мая.",
        "Пользователь — Олег Смирнов, «Вектор», Казань. Аренда склада — 145 тыс. руб., депозит — 290 тыс. руб. "
        "Договор № А-117/24 от 12 марта 2024 г. Директор Петрова ведёт договор, бухгалтер Козлов — оплату. "
        "Предупреждение о выезде: 45 дней. Встреча 16 мая. Ассистент предложил письмо и список вопросов.",
        "- Олег Смирнов («Вектор», Казань) снимает склад\n- аренда 145 000 ₽, депозит 290 000 ₽\n- договор А-117/24 "
        "от 12.03.2024\n- Анна Петрова отвечает за договор, Иван Козлов отвечает за оплату\n- обсудили 3 темы: ремонт, "
        "цену, выезд\n- встреча в четверг, 16 мая",
    ),
    changed=(
        # A number altered, in digits, in words, by its unit, by its sign.
        "Олег Смирнов из «Вектора» снимает склад в Казани: аренда 154 000 рублей в месяц, депозит 290 000 рублей. "
        "Договор А-117/24 подписан 12.03.2024, встреча 16 мая, отвечает Анна Петрова, платит Иван Козлов.",
        "Олег Смирнов снимает склад в Казани за 145 000 долларов, депозит 290 000 рублей. Договор А-117/24 от "
        "12.03.2024. Анна Петрова отвечает за договор, Иван Козлов — за оплату. Встреча 16 мая.",
        "Олег Смирнов («Вектор», Казань): аренда 145 000 рублей, депозит 290 000 рублей, договор А-117/24 12.03.2024. "
        "Предупредить о выезде надо за пятьдесят пять дней. Встреча 16 мая. Анна Петрова, Иван Козлов.",
        "Олег Смирнов («Вектор», Казань): аренда 145 млн рублей, депозит 290 000 рублей, договор А-117/24 12.03.2024. "
        "Встреча 16 мая. Анна Петрова, Иван Козлов.",
        # Two numbers in each other's place.
        "Олег Смирнов снимает склад в Казани: аренда составляет 290 000 рублей, депозит — 145 000 рублей. Договор "
        "А-117/24 от 12.03.2024. Анна Петрова отвечает за договор. Встреча 16 мая.",
        # A date moved: the day, the month, the year, the day of the week.
        "Олег Смирнов («Вектор», Казань), аренда 145 000 рублей, депозит 290 000 рублей. Договор А-117/24 подписан "
        "13 марта 2024 года. Анна Петрова, Иван Козлов. Встреча 16 мая.",
        "Олег Смирнов («Вектор», Казань), аренда 145 000 рублей, депозит 290 000 рублей. Договор А-117/24 подписан "
        "12.04.2024. Анна Петрова, Иван Козлов. Встреча 16 мая.",
        "Олег Смирнов («Вектор», Казань), аренда 145 000 рублей, депозит 290 000 рублей. Договор А-117/24 подписан "
        "12 марта 2023 года. Анна Петрова, Иван Козлов. Встреча 16 мая.",
        "Олег Смирнов («Вектор», Казань), аренда 145 000 рублей, депозит 290 000 рублей. Договор А-117/24 от "
        "12.03.2024. Анна Петрова, Иван Козлов. Встреча в пятницу, 16 мая.",
        # A name swapped: another one, another's surname, another's duty, another place.
        "Олег Кузнецов («Вектор», Казань), аренда 145 000 рублей, депозит 290 000 рублей. Договор А-117/24 от "
        "12.03.2024. Анна Петрова, Иван Козлов. Встреча 16 мая.",
        "Олег Смирнов («Вектор», Казань), аренда 145 000 рублей, депозит 290 000 рублей. Договор А-117/24 от "
        "12.03.2024. Директор — Анна Козлова. Встреча 16 мая.",
        "Олег Смирнов («Вектор»), аренда 145 000 рублей, депозит 290 000 рублей. Договор А-117/24 от 12.03.2024. "
        "Анна Петрова отвечает за оплату, Иван Козлов отвечает за договор. Встреча 16 мая.",
        "Олег Смирнов («Вектор»), склад в Самаре, аренда 145 000 рублей, депозит 290 000 рублей. Договор А-117/24 от "
        "12.03.2024. Анна Петрова, Иван Козлов. Встреча 16 мая.",
        # A code.
        "Олег Смирнов («Вектор», Казань), аренда 145 000 рублей, депозит 290 000 рублей. Договор А-171/24 от "
        "12.03.2024. Анна Петрова, Иван Козлов. Встреча 16 мая.",
        # Of something else altogether.
        "Самовар кипятит воду для чая: внутри горит огонь, сверху греется заварочный чайник, а хозяйка угощает гостей "
        "баранками и вареньем на веранде.",
    ),
    lost=(
        "Пользователь снимает склад и спрашивает о рисках договора аренды. Обсудили ремонт, цену и выезд.",
        "Олег Смирнов из Казани спрашивает об аренде склада, договор обсудили подробно и подготовились к встрече.",
    ),
)

ENGLISH: Final = Talk(
    turns=(
        "Hi, my name is Martha Norwood and I run a bakery called Goldcrust in Leeds. The oven cost £12,500 and the "
        "monthly rent is £1,800. I want a plan for the opening.",
        "Nice to meet you, Martha! A plan for the opening of Goldcrust usually has a budget, staff, suppliers and "
        "marketing. Shall I draft a week by week plan, or begin with the costs? With a rent of £1,800 a month you may "
        "want to keep three months in reserve before you open.",
        "The opening is on 14 September 2025. My brother Daniel handles the suppliers, and Priya Shah handles the "
        "marketing. Flour comes from Whitfield Mills, 250 kg a week.",
        "Then the last test bake should be about two weeks before. Order flour early and ask Whitfield Mills for a "
        "delivery window. I suggest that you agree a tasting with the neighbours and a printed menu, and that you "
        "check the insurance of the oven before the inspection.",
        "The inspection is on Tuesday at 10:30, and the reference is FH-2291. We will hire 6 people.",
        "Good. Have the cleaning plan, the temperature log and the allergen sheet ready for the inspection. For six "
        "people you need contracts and a rota; I can write a first version of both.",
    ),
    good=(
        "Martha Norwood is opening a bakery, Goldcrust, in Leeds on 14 September 2025. The oven cost £12,500, rent is "
        "£1,800 a month. Her brother Daniel handles suppliers (Whitfield Mills, 250 kg of flour a week), Priya Shah "
        "handles marketing. The inspection (FH-2291) is on Tuesday at 10:30. They will hire 6 people.",
        "The user, Martha Norwood, plans the opening of Goldcrust (Leeds), 14 Sept 2025. Oven: 12,500 GBP; rent: 1,800 "
        "GBP monthly. Daniel: suppliers. Priya Shah: marketing. Whitfield Mills delivers 250 kg flour weekly. "
        "Inspection FH-2291, Tuesday 10:30. The assistant advised a tasting, a menu and 3 months of reserve.",
    ),
    changed=(
        "Martha Norwood opens Goldcrust in Leeds on 14 September 2025. The oven cost £15,200, the rent is £1,800. "
        "Daniel: suppliers, Priya Shah: marketing. Inspection FH-2291 on Tuesday at 10:30.",
        "Martha Norwood opens Goldcrust in Leeds on 14 September 2025. The oven cost £12,500, the rent is $1,800. "
        "Daniel: suppliers, Priya Shah: marketing. Inspection FH-2291 on Tuesday at 10:30.",
        "Martha Norwood opens Goldcrust in Leeds on 14 September 2025. The oven cost £1,800 and the monthly rent is "
        "£12,500. Daniel: suppliers, Priya Shah: marketing. Inspection FH-2291 on Tuesday at 10:30.",
        "Martha Norwood opens Goldcrust in Leeds on 14 October 2025. The oven cost £12,500, the rent is £1,800. "
        "Daniel: suppliers, Priya Shah: marketing. Inspection FH-2291 on Tuesday at 10:30.",
        "Martha Norwood opens Goldcrust in Leeds on 14 September 2026. The oven cost £12,500, the rent is £1,800. "
        "Daniel: suppliers, Priya Shah: marketing. Inspection FH-2291 on Tuesday at 10:30.",
        "Martha Norwood opens Goldcrust in Leeds on 14 September 2025. The oven cost £12,500, the rent is £1,800. "
        "Daniel: suppliers, Priya Shah: marketing. Inspection FH-2291 on Thursday at 10:30.",
        "Martha Norwood opens Goldcrust in Leeds on 14 September 2025. The oven cost £12,500, the rent is £1,800. "
        "Daniel: suppliers, Priya Shah: marketing. Inspection FH-2291 on Tuesday at 11:30.",
        "Martha Norwood opens Goldcrust in York on 14 September 2025. The oven cost £12,500, the rent is £1,800. "
        "Daniel: suppliers, Priya Shah: marketing. Inspection FH-2291 on Tuesday at 10:30.",
        "Martha Norwood opens Goldcrust in Leeds on 14 September 2025. The oven cost £12,500, the rent is £1,800. "
        "Her brother Gregory handles the suppliers. Inspection FH-2291 on Tuesday at 10:30.",
        "Martha Norwood opens Goldcrust in Leeds on 14 September 2025. The oven cost £12,500, the rent is £1,800. "
        "Priya Norwood handles the marketing. Inspection FH-2291 on Tuesday at 10:30.",
        "Martha Norwood opens Goldcrust in Leeds on 14 September 2025. The oven cost £12,500, the rent is £1,800. "
        "Daniel handles the marketing, Priya Shah handles the suppliers. Inspection FH-2291 on Tuesday at 10:30.",
        "Martha Norwood opens Goldcrust in Leeds on 14 September 2025. The oven cost £12,500, the rent is £1,800. "
        "Whitfield Mills sends 250 kg a week. They will hire 9 people. Inspection FH-2219.",
        "A samovar boils water for tea. The fire burns in a tube inside, and the pot stands on top to keep warm.",
    ),
    lost=(
        "The user is opening a bakery and asked for a plan; suppliers, marketing and the inspection were discussed.",
        "Martha runs a bakery in Leeds and wants a plan for the opening, with staff, suppliers and marketing.",
    ),
)

TALKS: Final = (RUSSIAN, ENGLISH)
