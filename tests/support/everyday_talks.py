"""Conversations as people have them, and summaries as good models write them: none of these may be refused."""

from typing import Final

from tests.support.summaries import Talk

__all__ = ["EVERYDAY"]

EVERYDAY: Final = (
    Talk(
        turns=(
            (
                "I'm planning a trip to Japan in April with my wife Sarah and our two kids, Tom (8) and Lily (5). We "
                "have a budget of about $9,000 and 12 days. We like food and trains, hate crowds."
            ),
            (
                "Great! For 12 days I'd suggest Tokyo (4 nights), Kanazawa (2 nights), Kyoto (4 nights) and Osaka (2 "
                "nights). April is cherry blossom season, so crowds are likely in Kyoto; go early in the morning. A "
                "7-day Japan Rail Pass costs about 50,000 yen per adult."
            ),
            "Is the rail pass worth it? Also Lily is allergic to peanuts.",
            (
                "For your route it is borderline: single tickets come to roughly 42,000 yen, so the pass doesn't pay "
                "off. For Lily, carry a card in Japanese that explains the peanut allergy; peanuts are rare in "
                "Japanese food but do appear in snacks."
            ),
            "OK, skip the pass. Can we swap Osaka for Nara?",
            (
                "Yes, Nara works well as a base for two nights, with the deer park for the kids. It is 45 minutes "
                "from Kyoto."
            ),
        ),
        good=(
            (
                "The user is planning a 12-day family trip to Japan in April with his wife Sarah and kids Tom (8) and"
                " Lily (5, allergic to peanuts), with a budget of about $9,000. They like food and trains and dislike"
                " crowds. Route: Tokyo (4 nights), Kanazawa (2), Kyoto (4), Nara (2, instead of Osaka). The Japan "
                "Rail Pass was rejected, as single tickets cost about 42,000 yen versus 50,000 yen."
            ),
            (
                "A family (wife Sarah, children Tom and Lily, aged 8 and 5) will visit Japan for 12 days in April on "
                "a $9,000 budget. Itinerary agreed so far: Tokyo, Kanazawa, Kyoto, and Nara in place of Osaka. No "
                "rail pass. Lily has a peanut allergy; the assistant advised an allergy card in Japanese."
            ),
        ),
        changed=(),
        lost=(),
    ),
    Talk(
        turns=(
            (
                "Помоги с резюме. Я Мария Орлова, 34 года, бухгалтер, 8 лет в «Ромашке», до этого 3 года в Сбербанке."
                " Хочу на должность главного бухгалтера, зарплата от 180 тысяч."
            ),
            (
                "Отлично, Мария! Структура резюме: контакты, цель, опыт, достижения, образование. Напишите 3-4 "
                "достижения с цифрами. Например: сократила срок закрытия месяца с 10 до 5 дней."
            ),
            (
                "Достижения: внедрила 1С:Бухгалтерия в 2021 году, сэкономила 2,4 млн рублей на налогах, руководила "
                "группой из 6 человек. Образование — Финансовый университет, 2012."
            ),
            (
                "Хорошо. Вот блок достижений: внедрение 1С за 4 месяца... Уточните, за какой срок шло внедрение и по "
                "какому году экономия."
            ),
            "Внедрение заняло полгода, экономия за 2022 год.",
            (
                "Принято. Добавил: «Внедрила 1С:Бухгалтерия (2021) за шесть месяцев; обеспечила налоговую экономию "
                "2,4 млн рублей (2022)»."
            ),
        ),
        good=(
            (
                "Мария Орлова (34 года) просит помочь с резюме на должность главного бухгалтера с зарплатой от 180 "
                "тысяч рублей. Опыт: 8 лет в «Ромашке», 3 года в Сбербанке. Достижения: внедрение 1С:Бухгалтерия в "
                "2021 году за полгода, экономия 2,4 млн руб. на налогах за 2022 год, руководство группой из 6 "
                "человек. Образование: Финансовый университет, 2012 г."
            ),
            (
                "Пользователь Мария Орлова составляет резюме главного бухгалтера. Работала в Сбербанке (3 года) и "
                "«Ромашке» (8 лет). Внедрила 1С в 2021-м, сэкономила 2,4 млн рублей, руководила 6 сотрудниками, "
                "окончила Финансовый университет в 2012 году. Желаемая зарплата — от 180 000 рублей. Ассистент "
                "подготовил блок достижений."
            ),
        ),
        changed=(),
        lost=(),
    ),
    Talk(
        turns=(
            (
                "My Python script fails with KeyError: 'user_id' when I read orders.csv with pandas 2.2. The column "
                "is there!"
            ),
            (
                "Check for white space or a BOM in the header: print(df.columns.tolist()). Files saved by Excel often"
                " begin with a BOM; use encoding='utf-8-sig'."
            ),
            "Yes! It printed '\\ufeffuser_id'. Fixed. Now groupby is slow: 4 million rows, 90 seconds.",
            (
                "Convert user_id to a categorical and pass observed=True, sort=False. You can also use polars, or "
                "read only the columns that you need with usecols."
            ),
            "With categorical it takes 11 seconds, good enough. Next I want to write the result to PostgreSQL 16.",
            "Use df.to_sql with method='multi' or, faster, COPY through psycopg's copy().",
        ),
        good=(
            (
                "The user fixed a KeyError 'user_id' in a pandas 2.2 script reading orders.csv: the header had a BOM "
                "(encoding='utf-8-sig'). A slow groupby on 4 million rows (90 seconds) was reduced to 11 seconds "
                "using a categorical. The next goal is writing the result to PostgreSQL 16; the assistant suggested "
                "to_sql or COPY via psycopg."
            ),
        ),
        changed=(),
        lost=(),
    ),
    Talk(
        turns=(
            (
                "Меня мучает спина, мне 52 года, вешу 94 кг, рост 178. Врач Сергей Николаевич назначил мелоксикам 15 "
                "мг на 10 дней и ЛФК."
            ),
            (
                "Мелоксикам принимают во время еды. Важно следить за желудком. ЛФК лучше начинать после снятия острой"
                " боли."
            ),
            "А плавать можно? И у меня гастрит был в 2019 году.",
            (
                "Плавание обычно полезно, но не в остром периоде. О гастрите обязательно скажите врачу: вместе с "
                "мелоксикамом часто назначают омепразол 20 мг."
            ),
            "Врач добавил омепразол. Приём 3 июня в 15:00, что спросить?",
            "Спросите о длительности курса, о нагрузках, о снимке или МРТ, о весе.",
        ),
        good=(
            (
                "Пользователю 52 года (94 кг, 178 см), болит спина. Врач Сергей Николаевич назначил мелоксикам 15 мг "
                "на 10 дней, ЛФК и затем омепразол, так как в 2019 году был гастрит. Плавание разрешено, но не в "
                "остром периоде. Следующий приём — 3 июня в 15:00; нужны вопросы врачу."
            ),
            (
                "Болит спина; 52 года, 94 кг, рост 178. Назначены мелоксикам 15 мг (10 дней), омепразол и ЛФК. "
                "Гастрит в 2019 г. Приём у Сергея Николаевича 3 июня в 15:00."
            ),
        ),
        changed=(),
        lost=(),
    ),
    Talk(
        turns=(
            "Write a fantasy story. Hero: Eldrin, a young blacksmith from Karth. Villain: Queen Morwen.",
            (
                "Eldrin hammered the last nail as the bells of Karth rang. Queen Morwen's riders had come for the "
                "iron tax..."
            ),
            "Good. Add a dragon called Sable who owes Eldrin a favour. Keep chapters under 800 words.",
            "Chapter 2. Sable landed on the roof of the forge, and Eldrin laughed: 'You owe me a chimney, too.'",
            "Now let Eldrin's sister Mira be captured by Morwen.",
            "Chapter 3. The riders took Mira at dawn. Eldrin and Sable followed them over the Grey Pass.",
        ),
        good=(
            (
                "They are writing a fantasy story: Eldrin, a young blacksmith from Karth, against Queen Morwen. The "
                "dragon Sable owes Eldrin a favour. Eldrin's sister Mira was captured by Morwen, and Eldrin and Sable"
                " follow over the Grey Pass. Chapters must stay under 800 words; three chapters exist so far."
            ),
            (
                "Story so far: in Karth, the blacksmith Eldrin meets Queen Morwen's riders; Sable, a dragon who owes "
                "him a favour, helps. Mira, his sister, is captured by Morwen. Chapters under 800 words."
            ),
        ),
        changed=(),
        lost=(),
    ),
    Talk(
        turns=(
            "Сравни Kia Sportage и Hyundai Tucson, бюджет 3,2 млн, езжу 25 тысяч км в год, живу в Омске.",
            (
                "Sportage: просторнее багажник (591 л против 577 л), Tucson: мягче подвеска. В Омске важен подогрев и"
                " дорожный просвет."
            ),
            "А что по расходу и по страховке?",
            ("Расход близок: 8,2 л у Sportage и 8,5 л у Tucson на 100 км. Каско в Омске обычно 90–120 тысяч рублей."),
            "Склоняюсь к Tucson. Дилер даёт скидку 150 тысяч до конца мая.",
            "Тогда проверьте, не навязаны ли допы, и сравните полную цену.",
        ),
        good=(
            (
                "Пользователь из Омска выбирает между Kia Sportage и Hyundai Tucson с бюджетом 3,2 млн рублей, пробег"
                " 25 тыс. км в год. Расход: 8,2 л у Sportage и 8,5 л у Tucson, каско 90–120 тысяч рублей. Он "
                "склоняется к Tucson: дилер даёт скидку 150 тысяч рублей до конца мая."
            ),
            (
                "Выбор машины в Омске: склоняется к Hyundai Tucson (скидка дилера 150 тыс. до конца мая), а не к Kia "
                "Sportage. Бюджет 3,2 млн, пробег 25 000 км в год."
            ),
        ),
        changed=(),
        lost=(),
    ),
)
