"""What stands on the scanned papers."""

from typing import Final

__all__ = [
    "ENGLISH",
    "ENGLISH_DIVIDED",
    "ENGLISH_TABLE",
    "MIXED",
    "RUSSIAN",
    "RUSSIAN_DIVIDED",
    "RUSSIAN_TABLE",
    "whole",
]

_SOFT_HYPHEN: Final = "\u00ad"


def _divided(*paragraphs: str) -> tuple[str, ...]:
    """Texts in which ``~`` marks where a word may be divided at the end of a line."""
    return tuple(paragraph.replace("~", _SOFT_HYPHEN) for paragraph in paragraphs)


def whole(text: str) -> str:
    """The text without the marks where words may be divided."""
    return text.replace(_SOFT_HYPHEN, "")


#: A heading, then paragraphs.
RUSSIAN: Final = (
    "Порядок приёмки оборудования на складе",
    "Оборудование принимает комиссия из трёх человек: заведующий складом, инженер и представитель поставщика. "
    "Заявку подают не позднее чем за 5 рабочих дней; в ней указывают номер договора, дату отгрузки и число мест. "
    "Если груз пришёл без документов, его ставят на ответственное хранение и составляют акт в двух экземплярах.",
    "При вскрытии тары проверяют целостность упаковки, комплектность и внешний вид. Царапины, вмятины и следы "
    "влаги заносят в журнал с фотографиями. Повреждённые изделия хранят отдельно; к ним прикрепляют бирку «Не "
    "включать!» до заключения эксперта. Срок такой проверки — 10 суток, а для импортных поставок — 30.",
    "Весы поверяют каждые 12 месяцев. Допустимая погрешность составляет 0,5 % от предела измерения, но не более "
    "150 г. Результаты записывают в карточку № 47-б и подписывают: поверитель, владелец, свидетель. Исправления "
    "заверяют подписью; подчистки не допускаются.",
    "Помещение отапливается, температура держится между 15 и 22 градусами. Въезд грузовых машин разрешён с 8:00 "
    "до 19:30, кроме воскресенья. Вопросы о пропусках решает дежурный по телефону (495) 123-45-67 или по почте "
    "sklad@example.ru.",
    "Списанное имущество передают на переработку не реже одного раза в квартал. Электронный эквивалент каждой "
    "накладной хранится ещё 5 лет; юридическую силу имеет бумажный подлинник с живой подписью и печатью.",
)

ENGLISH: Final = (
    "Receiving equipment at the warehouse",
    "Equipment is received by a committee of three: the warehouse keeper, an engineer and somebody from the "
    "supplier. The request is filed at least 5 working days ahead; it names the contract, the date of dispatch "
    "and the number of boxes. Goods that arrive without papers are kept apart, and a record is made in two "
    "copies.",
    "When a crate is opened, the packing, the contents and the outer state are examined. Scratches, dents and "
    "traces of water go into the log together with photographs. Damaged items wear a tag that reads “Do not "
    "switch on!” until the expert has spoken. Such a check takes 10 days, and 30 for what came from abroad.",
    "Scales are verified every 12 months. The error may be 0.5 % of the range but never more than 150 g. Results "
    "are written on card No. 47-B and signed by the verifier, the owner and a witness. Corrections are signed "
    "too; erasing is not allowed.",
    "The building is heated, and the temperature stays between 15 and 22 degrees. Lorries may enter from 8:00 to "
    "19:30 except on Sundays. Questions about passes are answered at (020) 7946-0857 or by writing to "
    "stores@example.org.",
    "Property that was written off is recycled at least once a quarter. The electronic equivalent of each waybill "
    "is kept for 5 more years; only the paper original with a living signature and a seal is valid before a "
    "judge.",
)

MIXED: Final = (
    "Настройка сервера PostgreSQL 16",
    "Сервер ставится на Debian 12 или Ubuntu 24.04 LTS. После установки откройте файл postgresql.conf и задайте "
    "параметры shared_buffers и work_mem: для машины с 16 GB памяти подойдут 4GB и 64MB. Затем выполните команду "
    "systemctl restart postgresql и проверьте журнал.",
    "Резервные копии делает pg_dump, а непрерывный архив — утилита WAL-G; она умеет писать в хранилище S3 и "
    "шифровать данные по алгоритму AES-256. Расписание хранится в Cron, отчёты приходят на адрес "
    "admin@example.com каждое утро.",
    "Для наблюдения мы выбрали Prometheus и Grafana. Панель «PostgreSQL Overview» показывает число соединений, "
    "размер базы и скорость обработки запросов. Если запрос длится дольше 30 секунд, в канал Telegram уходит "
    "сообщение.",
    "Драйвер psycopg работает под Python 3.11; строка соединения имеет вид postgresql://user@host/base. "
    "Подробности описаны в документе PostgreSQL Administration Guide (издание 2024 года, глава 7).",
)

RUSSIAN_DIVIDED: Final = _divided(
    "Пра~вила хра~не~ния кар~то~фе~ля про~сты: тем~но~та, про~хла~да и по~сто~ян~ное про~вет~ри~ва~ние. Клуб~ни "
    "пе~ре~би~ра~ют осе~нью и вес~ной, по~вре~ждён~ные от~кла~ды~ва~ют от~dель~но.",
    "Тем~пе~ра~ту~ру в под~ва~ле из~ме~ря~ют еже~днев~но; опыт~ный кла~дов~щик за~пи~сы~ва~ет по~ка~за~ния в "
    "тет~радь и срав~ни~ва~ет их с про~шло~год~ни~ми.",
)
ENGLISH_DIVIDED: Final = _divided(
    "Pota~toes are kept in the dark, in a cool and venti~lated cellar. The tubers are sorted in autumn and in "
    "spring; what is dam~aged is put aside. An expe~rienced store~keeper meas~ures the temper~ature every "
    "morn~ing and com~pares it with the read~ings of the pre~vious year.",
    "Mois~ture is the worst enemy: con~densa~tion on the ceil~ing means that the venti~lation is insuf~ficient, "
    "and the boxes must be re~arranged with~out delay.",
)

#: Rows of cells; a cell that spans is written with its text and its spans, and None is what it covers.
RUSSIAN_TABLE: Final = (
    (("Наименование", 2, 1), ("Ед. изм.", 2, 1), ("Количество, шт.", 1, 2), None, ("Сумма, руб.", 2, 1)),
    (None, None, "план", "факт", None),
    ("Насос центробежный", "шт.", "12", "11", "184 500,00"),
    ("Кабель силовой медный", "м", "2400", "2385", "96 730,50"),
    ("Задвижка чугунная фланцевая", "шт.", "36", "36", "72 144,00"),
    ("Краска масляная белая", "кг", "150", "", "18 200,75"),
    ("Болт с гайкой М12", "кг", "85", "90", "9 045,00"),
    (("Итого по складу", 1, 4), None, None, None, "380 620,25"),
)
ENGLISH_TABLE: Final = (
    ("Station", "Opened", "Platforms", "Passengers, thousands", "Remarks"),
    ("Northgate", "1887", "4", "1 254", "being rebuilt until June"),
    ("Harbour Road", "1903", "2", "318", ""),
    ("Old Market", "1911", "6", "2 870", "lifts on both sides"),
    ("University", "1964", "2", "975", "no night trains"),
    ("Airport", "1998", "3", "1 640", "tickets at the machine only"),
    ("Total", "", "17", "7 057", ""),
)
