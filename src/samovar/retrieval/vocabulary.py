"""Words whose meaning the check must know: what says nothing, what denies, what means the same and the opposite.

The groups are short and of offices, contracts, clinics and workshops. Words outside of them are compared by stem alone.
"""

import re
from typing import Final

__all__ = [
    "ANTONYMS",
    "AUXILIARY",
    "GIVEN_NAMES",
    "LIGHT",
    "NEGATORS",
    "NOT_FOUND",
    "QUESTION_WORDS",
    "SURNAME_LIKE",
    "SYNONYMS",
    "fold",
]

#: Words that deny what stands next to them.
NEGATORS: Final = frozenset(
    [
        "не",
        "нет",
        "без",
        "ни",
        "нельзя",
        "никогда",
        "никто",
        "никому",
        "ничего",
        "никакой",
        "никаких",
        "отсутствует",
        "отсутствуют",
        "отсутствие",
        "not",
        "no",
        "never",
        "without",
        "cannot",
        "none",
        "neither",
        "nor",
        "lacks",
        "lack",
        "nobody",
        "nothing",
    ]
)
#: Words that carry an answer but no fact of it.
LIGHT: Final = frozenset(
    # what a sentence hangs on
    [
        "является",
        "являются",
        "являлся",
        "составляет",
        "составляют",
        "составил",
        "составила",
        "составило",
        "равен",
        "равна",
        "равно",
        "равны",
        "находится",
        "находятся",
        "имеет",
        "имеют",
        "имеется",
        "имеются",
        "указан",
        "указана",
        "указано",
        "указаны",
        "сказано",
        "говорится",
        "написано",
        "согласно",
        "соответствии",
        "следует",
        "следующий",
        "следующие",
        "следующая",
        "образом",
        "также",
        "однако",
        "таким",
        "поэтому",
        "итак",
        "ответ",
        "документ",
        "документе",
        "документа",
        "документы",
        "документах",
        "источник",
        "источнике",
        "источника",
        "текст",
        "тексте",
        "данные",
        "данным",
        "информация",
        "сведения",
        "отметить",
        "кроме",
        "того",
        "например",
        "именно",
        "около",
        "примерно",
        "ровно",
        "всего",
        "итого",
        "сообщается",
        "называется",
        "называются",
        "предусмотрено",
        "предусмотрен",
        "предусмотрена",
        "установлен",
        "установлена",
        "установлено",
        "размер",
        "размере",
        "величина",
        "величине",
        "количество",
        "количестве",
        "число",
        "сумма",
        "сумме",
        "год",
        "году",
        "года",
        "г",
        "лет",
        "т",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "has",
        "have",
        "had",
        "amounts",
        "amount",
        "equals",
        "equal",
        "totals",
        "total",
        "according",
        "states",
        "stated",
        "says",
        "said",
        "mentioned",
        "document",
        "documents",
        "source",
        "text",
        "passage",
        "states",
        "following",
        "answer",
        "information",
        "provided",
        "therefore",
        "however",
        "also",
        "additionally",
        "thus",
        "namely",
        "exactly",
        "approximately",
        "about",
        "set",
        "size",
        "value",
        "number",
        "based",
        "given",
        "specified",
        "indicates",
        "indicated",
        "shows",
        "located",
        "comes",
        "come",
        "stands",
        "made",
        "make",
        "makes",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "which",
        "who",
        "whom",
        "whose",
        "there",
        "here",
        "they",
        "them",
        "their",
        "he",
        "she",
        "his",
        "her",
        "это",
        "этот",
        "эта",
        "эти",
        "этого",
        "этой",
        "том",
        "тот",
        "та",
        "те",
        "который",
        "которая",
        "которое",
        "которые",
        "которого",
        "которой",
        "он",
        "она",
        "оно",
        "они",
        "его",
        "ее",
        "их",
        "им",
        "ему",
        "ей",
        "свой",
        "своя",
        "свое",
        "свои",
        "быть",
        "был",
        "была",
        "было",
        "были",
        "есть",
        "будет",
        "будут",
    ]
)
#: Words of a question that no passage need hold.
QUESTION_WORDS: Final = frozenset(
    [
        "какой",
        "какая",
        "какое",
        "какие",
        "какого",
        "какому",
        "каким",
        "какими",
        "каком",
        "какую",
        "каков",
        "какова",
        "каково",
        "каковы",
        "кто",
        "кого",
        "кому",
        "кем",
        "что",
        "чего",
        "чему",
        "чем",
        "где",
        "куда",
        "откуда",
        "когда",
        "сколько",
        "почему",
        "зачем",
        "как",
        "который",
        "скажи",
        "скажите",
        "расскажи",
        "подскажи",
        "подскажите",
        "пожалуйста",
        "назови",
        "назовите",
        "укажи",
        "укажите",
        "найди",
        "найдите",
        "напиши",
        "можно",
        "мне",
        "нам",
        "нужно",
        "надо",
        "ли",
        "бы",
        "же",
        "уже",
        "вообще",
        "what",
        "which",
        "who",
        "whom",
        "whose",
        "where",
        "when",
        "why",
        "how",
        "many",
        "much",
        "long",
        "far",
        "does",
        "do",
        "did",
        "is",
        "are",
        "was",
        "were",
        "can",
        "could",
        "would",
        "should",
        "please",
        "tell",
        "me",
        "find",
        "give",
        "name",
        "show",
        "list",
        "say",
        "know",
        "want",
        "need",
        "us",
        "our",
        "my",
        "the",
        "a",
        "an",
    ]
)
_SYNONYMS: Final = """
зарплата оклад заработок жалованье зарабатывает получает платят salary wage pay earns paid
цена стоимость стоит расценка тариф price cost costs rate fee
сотрудник работник служащий employee worker staff
должность пост position post job title
заключить заключен заключили подписать подписан подписали подписание sign signed conclude concluded
оплата платеж уплата выплата оплатить оплачивается уплатить payment pay settle paid payable
срок период продолжительность длительность длится term period duration lasts
неустойка пеня штраф penalty fine forfeit
аванс предоплата предварительный advance prepayment deposit upfront
поставка доставка поставить поставляется доставляется delivery supply supplied delivered shipment
работает трудится служит works serves employed
начинается начало вступает стартует begin begins start starts started commence commences
заканчивается окончание истекает завершается завершение end ends expire expires finish finishes completion
врач доктор терапевт physician doctor
больной пациент patient
лекарство препарат медикамент drug medicine medication
назначен назначить прописан прописать прописали назначили prescribe prescribed prescribes
принимать прием принимает take taken intake administer administered
доза дозировка дозе dose dosage
встреча совещание заседание собрание meeting session
решили постановили решение постановление принято decide decided decision resolve resolved resolution
ответственный отвечает поручено ответственность responsible charge assigned accountable
телефон номер phone telephone
почта адрес электронная email mail
отдел подразделение департамент department division unit
скидка discount
гарантия гарантийный warranty guarantee
аренда наем rent lease
помещение офис premises office
договор контракт соглашение contract agreement
принят нанят трудоустроен устроился hired joined recruited
отпуск vacation leave holiday
руководитель начальник глава директор заведующий возглавляет руководит head manager chief director leads heads
интернет скорость speed bandwidth
подписка абонплата абонентская subscription
ежемесячно месячный месячная monthly
ежегодно ежегодный годовой annual annually yearly
ежедневно ежедневный daily
покупатель приобретатель buyer purchaser
продавец seller vendor
приобрел купил приобрести купить приобретает покупает buy bought purchase purchased acquire acquired
площадь площадью area
диагноз diagnosis diagnosed
родился рождения рождение born birth
город г city town
бюджет budget
проект project
присутствовать присутствовали участвовали участник участники attend attended present participant participants
председатель председательствовал вел chair chaired chairman chairperson presided
использовать применять используется применяется use used apply applied
нужно необходимо требуется должен обязан must required shall need needed
позволяет разрешает разрешено допускается можно allow allowed permit permitted may
запрещено запрещается нельзя prohibited forbidden banned
увеличить увеличен повысить повышен возрос вырос increase increased raise raised rise rose grow grew
уменьшить уменьшен снизить снижен сократить сокращен decrease decreased reduce reduced lower lowered cut
хранить хранится хранятся храниться store stored keep kept retained
включает входит включено содержит include includes included contains comprises
получил получила приняла принял receive received
передал передала вручил отдал hand handed pass passed transfer transferred
проверил проверила проверка check checked inspect inspected inspection
поставщик supplier provider
заказчик клиент customer client
исполнитель подрядчик contractor
сдать сдача сдан сдать submit submitted submission due
введены введение действует действуют apply applies effective introduced
оформлен оформлена выдан выдано issued granted
арендодатель наймодатель landlord lessor
арендатор наниматель tenant lessee
""".strip()
#: Words that may stand for each other; the first names the group.
SYNONYMS: Final = tuple(tuple(line.split()) for line in _SYNONYMS.splitlines())

_ANTONYMS: Final = """
увеличить уменьшить
повысить понизить
вырос снизился
рост снижение
разрешено запрещено
можно нельзя
обязан вправе
входит исключается
включено исключено
включая исключая
до после
раньше позже
больше меньше
более менее
выше ниже
максимальный минимальный
максимум минимум
первый последний
первый второй
начало окончание
прибыль убыток
доход расход
верхний нижний
левый правый
утренний вечерний
утром вечером
открыт закрыт
платный бесплатный
полный частичный
внутренний внешний
входящий исходящий
покупатель продавец
заказчик исполнитель
арендатор арендодатель
кредитор должник
отправитель получатель
поставщик покупатель
рабочих календарных
купил продал
принят уволен
одобрил отклонил
утвержден отклонен
положительный отрицательный
ежедневно еженедельно
ежедневно ежемесячно
еженедельно ежемесячно
ежемесячно ежегодно
ежемесячно ежеквартально
ежеквартально ежегодно
increase decrease
raise lower
allowed prohibited
permitted forbidden
include exclude
included excluded
including excluding
before after
earlier later
more less
above below
maximum minimum
first last
first second
begin end
profit loss
income expense
upper lower
left right
morning evening
open closed
free paid
full partial
internal external
incoming outgoing
buyer seller
customer contractor
tenant landlord
creditor debtor
sender recipient
supplier buyer
business calendar
working calendar
bought sold
hired dismissed
approved rejected
positive negative
daily weekly
daily monthly
weekly monthly
monthly annually
monthly quarterly
quarterly annually
with without
""".strip()
#: Pairs of which one cannot stand for the other.
ANTONYMS: Final = tuple((pair.split()[0], pair.split()[1]) for pair in _ANTONYMS.splitlines())

#: Words between a denial and what it denies.
AUXILIARY: Final = frozenset(
    "может могут можно мог могла могли быть был была было были будет будут еще уже больше также должен должна должны "
    "be been being have has had can may might could should must will would do does did yet also still any a an the".split()
)

#: How surnames and patronymics end: the first word of a sentence that ends so is taken for a name.
SURNAME_LIKE: Final = re.compile(
    r"\w{2,}(?:[оеё]ва?|[ыи]на?|[сц]к(?:ий|ая|ого|ому|им|ой)|енко|чук|[оеё]вич|[оеи]вна|дзе|швили|янц?)", re.IGNORECASE
)
#: First names in the nominative, in the form that ``fold`` gives.
GIVEN_NAMES: Final = frozenset(
    [
        "александр",
        "алексей",
        "анатолий",
        "андрей",
        "антон",
        "артем",
        "борис",
        "вадим",
        "валентин",
        "валерий",
        "василий",
        "виктор",
        "виталий",
        "владимир",
        "владислав",
        "вячеслав",
        "геннадий",
        "георгий",
        "григорий",
        "даниил",
        "денис",
        "дмитрий",
        "евгений",
        "егор",
        "иван",
        "игорь",
        "илья",
        "кирилл",
        "константин",
        "лев",
        "леонид",
        "максим",
        "михаил",
        "никита",
        "николай",
        "олег",
        "павел",
        "петр",
        "роман",
        "руслан",
        "сергей",
        "степан",
        "тимур",
        "федор",
        "юрий",
        "ярослав",
        "алина",
        "алла",
        "анастасия",
        "анна",
        "валентина",
        "валерия",
        "вера",
        "виктория",
        "галина",
        "дарья",
        "диана",
        "екатерина",
        "елена",
        "елизавета",
        "жанна",
        "зинаида",
        "зоя",
        "инна",
        "ирина",
        "кира",
        "ксения",
        "лариса",
        "лидия",
        "любовь",
        "людмила",
        "маргарита",
        "марина",
        "мария",
        "надежда",
        "наталья",
        "нина",
        "оксана",
        "ольга",
        "полина",
        "раиса",
        "светлана",
        "софья",
        "тамара",
        "татьяна",
        "ульяна",
        "юлия",
        "яна",
        "james",
        "john",
        "robert",
        "michael",
        "william",
        "david",
        "richard",
        "joseph",
        "thomas",
        "charles",
        "daniel",
        "matthew",
        "anthony",
        "mark",
        "paul",
        "steven",
        "andrew",
        "george",
        "kevin",
        "brian",
        "edward",
        "peter",
        "henry",
        "jack",
        "oliver",
        "harry",
        "emma",
        "olivia",
        "mary",
        "patricia",
        "jennifer",
        "linda",
        "elizabeth",
        "susan",
        "jessica",
        "sarah",
        "karen",
        "nancy",
        "lisa",
        "margaret",
        "sandra",
        "ashley",
        "emily",
        "donna",
        "laura",
        "alice",
        "grace",
        "helen",
        "anna",
    ]
)

_NOT_FOUND: Final = (
    # Russian
    r"\b(?:в|из)\s+(?:\w+\s+){0,3}?(?:документ|источник|текст|материал|фрагмент|отрывк|контекст|файл|баз)\w*"
    r"[^.!?\n]{0,40}?\b(?:нет|не\s+(?:\w+\s+)?(?:указан|содерж|найден|упомина|упомян|сказан|говор|привед|представлен|"
    r"обнаруж|описан|встреча|раскры|сообща|вид)\w*|отсутству\w+|ничего|не\s+удалось)",
    r"\b(?:нет|отсутству\w+|не\s+(?:найден\w*|нашл\w*|наш[её]л|удалось\s+найти|содерж\w+|обнаруж\w+|имею|располагаю|"
    r"хватает|предоставлен\w*))\s+(?:\w+\s+){0,4}?(?:информаци|сведени|данны|упоминани|ответ)\w*",
    r"\b(?:информаци|сведени|данны|ответ|упоминани)\w*\s+(?:[^.!?\n]{0,60}?\s)?(?:нет\b|отсутству\w+|не\s+(?:найден|указан|"
    r"содержит|содержат|представлен|приведен|обнаруж|предоставлен|удалось)\w*)",
    r"\bдокумент\w*\s+(?:[^.!?\n]{0,30}?\s)?(?:не\s+(?:содерж|упомина|указыва|сообща|отвеча|говор|раскрыва)\w+)",
    r"\b(?:не\s+могу|невозможно|нельзя)\s+(?:\w+\s+){0,2}?(?:ответить|определить|найти|установить|сказать)\b",
    r"\bя\s+не\s+(?:знаю|наш[её]л|нашла|вижу)\b",
    # English
    r"\bnot\s+(?:\w+\s+){0,2}?(?:in|found\s+in|mentioned|specified|stated|provided|available|included|given|contained|"
    r"covered|present|disclosed|listed|described)\b[^.!?:\n]{0,60}?\b(?:documents?|passages?|sources?|text|context|files?|"
    r"materials?|excerpts?)\b",
    r"\b(?:documents?|passages?|sources?|texts?|context|files?|materials?|excerpts?|information)\s+(?:[^.!?\n]{0,40}?\s)?"
    r"(?:(?:do(?:es)?\s+not|do(?:es)?n['’]t|did\s+not|didn['’]t|never|fails?\s+to)\s+(?:\w+\s+)?(?:mention|contain|specify|"
    r"state|provide|include|say|indicate|give|list|describe|cover|answer|have|disclose|address|discuss|reveal|tell|hold)s?|"
    r"(?:is|are|was|were)\s*(?:not|n['’]t)\s+(?:\w+\s+)?(?:mentioned|specified|stated|provided|given|available|found|included|"
    r"there|present|sufficient|enough)|says?\s+nothing)\b",
    r"\b(?:no|not\s+enough|insufficient|any)\s+(?:\w+\s+){0,3}?(?:information|mention|data|details?|answer|reference|evidence|"
    r"indication)\b[^.!?\n]{0,80}?(?:\b(?:documents?|passages?|sources?|text|context|files?|materials?|excerpts?|"
    r"found|provided|available|given|about|on)\b|$)",
    r"\bi\s+(?:do\s+not|don['’]t|could\s+not|couldn['’]t|cannot|can['’]t|was\s+unable\s+to)\s+(?:\w+\s+)?"
    r"(?:know|find|see|answer|determine|locate|tell)\b",
    r"\b(?:cannot|can\s+not|can['’]t|could\s+not)\s+be\s+(?:found|determined|answered|established)\b",
)
#: What says that the documents do not hold the answer.
NOT_FOUND: Final = tuple(re.compile(form, re.IGNORECASE) for form in _NOT_FOUND)


def fold(word: str) -> str:
    """A word as it is compared: small letters, without the dots of ё and the marks of a line's end."""
    return word.lower().replace("ё", "е").replace("\u00ad", "").replace("’", "'")
