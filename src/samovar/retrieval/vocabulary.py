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


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words that deny what stands next to them.
NEGATORS: Final = _words(
    """
    без не нельзя нет ни никаких никакой никогда никому никто ничего отсутствие отсутствует отсутствуют cannot
    lack lacks neither never no nobody none nor not nothing without
    """
)
#: Words that carry an answer but no fact of it.
LIGHT: Final = _words(
    """
    срок срока сроки term time period get gets you your take takes taken длится
    более будет будут был была были было быть величина величине всего г говорится год года году данные данным дата
    дату даты документ документа документах документе документы его ее ей ему есть им имеет имеется именно имеют
    имеются информация источник источника источнике итак итого их количестве количество которая которого которое
    которой которые который кроме лет менее называется называются написано например находится находятся необходимо
    нужно образом однако около он она они оно ответ отметить позднее позже поэтому предусмотрен предусмотрена
    предусмотрено примерно прошло равен равна равно равны размер размере ранее раньше ровно сведения свое свои
    свой своя свыше сказано следует следующая следующие следующий согласно сообщается соответствии составил
    составила составило составляет составляют состоялось состоялся сумма сумме т та также таким те текст тексте
    того том тот требуется указан указана указано указаны установлен установлена установлено число эта эти это
    этого этой этот является являлся являются about according additionally also amount amounts answer
    approximately are based be been being come comes date dates document documents earlier equal equals exactly
    following given had has have he her here his however indicated indicates information is it its later located
    made make makes mentioned namely number passage place provided said says set she shows size source specified
    stands stated states text than that their them there therefore these they this those thus took total totals
    value was were which who whom whose
    """
)
#: Words of a question that no passage need hold.
QUESTION_WORDS: Final = _words(
    """
    срок срока сроки term period duration time long действует действуют длится
    доза дозу дозировка размер размера величина сумма сумму dose dosage amount size sum
    бы введены взимает вообще где дает дата дате дату даты дней есть же зачем как какая какие каким какими каков
    какова каково каковы какого какое какой каком какому какую кем когда кого кому который кто куда ли мне можно
    надо назови назовите найди найдите нам напиши нужно откуда подскажи подскажите пожалуйста получить почему
    предусмотрен предусмотрена предусмотрено прошло расскажи скажи скажите сколько состоялось состоялся у уже
    укажи укажите чего чем чему числа числе число что a an are can could date day days did do does far find get
    gets give given gives got happen happened how is know list long many me much my name need our place please
    require required requires say should show take takes tell the there took us want was were what when where
    which who whom whose why would
    """
)
_SYNONYMS: Final = """
зарплата оклад заработок жалованье зарабатывает получает платят salary wage pay earns paid
цена стоимость стоит расценка тариф price cost costs rate fee
сотрудник работник служащий employee worker staff
должность пост position post job title
заключить заключен заключили подписать подписан подписали подписание sign signed conclude concluded
оплата платеж уплата выплата оплатить оплачивается уплатить payment pay settle paid payable
срок период продолжительность длительность длится курс term period duration last lasts course
неустойка пеня штраф penalty fine forfeit
аванс предоплата предварительный advance prepayment deposit upfront
поставка доставка поставить поставляется доставляется delivery supply supplied delivered shipment
начинается начало вступает стартует begin begins start starts started commence commences
заканчивается окончание истекает завершается завершение end ends expire expires finish finishes completion
врач доктор терапевт physician doctor
больной пациент patient
лекарство препарат медикамент drug medicine
кабинет кабинете комната комнате room
осмотрел осмотрен осмотрели examined examine
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
принят принят нанят трудоустроен устроился работает трудится hired joined recruited employed
просрочка просрочку задержка задержку delay late
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
продать продал продало sell sells sold
поступил поступление поступления admitted admission
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
AUXILIARY: Final = _words(
    """
    больше будет будут был была были было быть должен должна должны еще мог могла могли могут может можно также
    уже a also an any be been being can could did do does had has have may might must should still the will would
    yet
    """
)

#: How surnames and patronymics end: the first word of a sentence that ends so is taken for a name.
SURNAME_LIKE: Final = re.compile(
    r"\w{2,}(?:[оеё]ва?|[ыи]на?|[сц]к(?:ий|ая|ого|ому|им|ой)|енко|чук|[оеё]вич|[оеи]вна|дзе|швили|янц?)", re.IGNORECASE
)
#: First names in the nominative, in the form that ``fold`` gives.
GIVEN_NAMES: Final = _words(
    """
    александр алексей алина алла анастасия анатолий андрей анна антон артем борис вадим валентин валентина валерий
    валерия василий вера виктор виктория виталий владимир владислав вячеслав галина геннадий георгий григорий
    даниил дарья денис диана дмитрий евгений егор екатерина елена елизавета жанна зинаида зоя иван игорь илья инна
    ирина кира кирилл константин ксения лариса лев леонид лидия любовь людмила максим маргарита марина мария
    михаил надежда наталья никита николай нина оксана олег ольга павел петр полина раиса роман руслан светлана
    сергей софья степан тамара татьяна тимур ульяна федор юлия юрий яна ярослав alice andrew anna anthony ashley
    brian charles daniel david donna edward elizabeth emily emma george grace harry helen henry jack james
    jennifer jessica john joseph karen kevin laura linda lisa margaret mark mary matthew michael nancy oliver
    olivia patricia paul peter richard robert sandra sarah steven susan thomas william
    """
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
