"""Numbers with their units as Russian and English texts write them, brought to one form.

``1 234,50 руб.``, ``1,234.5 рубля`` and ``RUB 1234.50`` are one quantity; so are ``5 (пять) дней`` and ``five days``.
"""

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Quantity", "find_quantities", "unit_of"]

_UNITS: Final = {
    form: unit
    for unit, forms in {
        "RUB": "₽ р руб рубль рубля рублей рублю рублям рублем рублями рублях rub rur ruble rubles rouble roubles",
        "USD": "$ долл доллар доллара долларов доллару долларам долларами долларах usd dollar dollars",
        "EUR": "€ евро eur euro euros",
        "GBP": "£ фунт фунта фунтов gbp pound pounds",
        "CNY": "¥ юань юаня юаней cny yuan",
        "KZT": "₸ тенге kzt",
        "kopeck": "коп копейка копейки копеек копейками kopeck kopecks",
        "cent": "цент цента центов cent cents",
        "%": "% процент процента процентов проценту процентам процентом процентами процентах percent pct",
        "‰": "‰ промилле",
        "s": "сек секунда секунды секунд секунду секундам second seconds sec secs",
        "min": "мин минута минуты минут минуту минутам минутах minute minutes min mins",
        "h": "ч час часа часов часы часу часам часах hour hours hr hrs h",
        "day": "дн день дня дней дни дням днями днях сутки суток day days",
        "week": "нед неделя недели недель неделю неделям неделях week weeks",
        "month": "мес месяц месяца месяцев месяцы месяцу месяцам месяцах month months",
        "year": "год года лет году годам годах годы годов year years yr yrs",
        "mcg": "мкг mcg µg μg микрограмм микрограмма микрограммов",
        "mg": "мг mg миллиграмм миллиграмма миллиграммов milligram milligrams",
        "g": "г гр грамм грамма граммов граммы g gram grams",
        "kg": "кг kg килограмм килограмма килограммов kilogram kilograms",
        "t": "т тонна тонны тонн тонну t ton tons tonne tonnes",
        "mm": "мм mm миллиметр миллиметра миллиметров millimetre millimetres millimeter millimeters",
        "cm": "см cm сантиметр сантиметра сантиметров centimetre centimetres centimeter centimeters",
        "m": "м m метр метра метров metre metres meter meters",
        "km": "км km километр километра километров kilometre kilometres kilometer kilometers",
        "mile": "миля мили миль mile miles",
        "m2": "м2 м² m2 m² sqm",
        "m3": "м3 м³ m3 m³",
        "ha": "га гектар гектара гектаров ha hectare hectares",
        "ml": "мл ml миллилитр миллилитра миллилитров millilitre millilitres milliliter milliliters",
        "l": "л l литр литра литров litre litres liter liters",
        "KB": "кб kb килобайт килобайта kilobyte kilobytes",
        "MB": "мб mb мегабайт мегабайта megabyte megabytes",
        "GB": "гб gb гигабайт гигабайта gigabyte gigabytes",
        "TB": "тб tb терабайт терабайта terabyte terabytes",
        "Mbps": "мбит mbit mbps",
        "W": "вт w ватт ватта watt watts",
        "kW": "квт kw киловатт киловатта kilowatt kilowatts",
        "MW": "мвт mw мегаватт мегаватта megawatt megawatts",
        "kWh": "квтч kwh",
        "Hz": "гц hz герц hertz",
        "V": "вольт вольта volt volts",
        "degree": "° °c °с градус градуса градусов degree degrees",
        "piece": "шт штука штуки штук штуку pcs piece pieces",
        "person": "чел человек человека людей people person persons",
        "page": "стр страница страницы страниц page pages",
        "point": "балл балла баллов баллы point points",
        "drop": "капля капли капель drop drops",
        "tablet": "таблетка таблетки таблеток таблетку tablet tablets",
        "time": "раз раза times",
    }.items()
    for form in forms.split()
}  # fmt: skip
_MULTIPLIERS: Final = {
    form: zeros
    for zeros, forms in {
        3: "тыс тысяча тысячи тысяч тысячу тысячам тысячами тысячах thousand thousands",
        6: "млн миллион миллиона миллионов миллионам миллионами million millions mln",
        9: "млрд миллиард миллиарда миллиардов миллиардам billion billions bn",
    }.items()
    for form in forms.split()
}
_NUMBER_WORDS: Final = {
    form: value
    for value, forms in {
        0: "ноль нуль нуля zero",
        1: "один одна одно одного одной одному одним одну one",
        2: "два две двух двум двумя two",
        3: "три трех трем тремя three",
        4: "четыре четырех четырем четырьмя four",
        5: "пять пяти пятью five",
        6: "шесть шести шестью six",
        7: "семь семи семью seven",
        8: "восемь восьми восемью восьмью eight",
        9: "девять девяти девятью nine",
        10: "десять десяти десятью ten",
        11: "одиннадцать одиннадцати одиннадцатью eleven",
        12: "двенадцать двенадцати двенадцатью twelve",
        13: "тринадцать тринадцати тринадцатью thirteen",
        14: "четырнадцать четырнадцати четырнадцатью fourteen",
        15: "пятнадцать пятнадцати пятнадцатью fifteen",
        16: "шестнадцать шестнадцати шестнадцатью sixteen",
        17: "семнадцать семнадцати семнадцатью seventeen",
        18: "восемнадцать восемнадцати восемнадцатью eighteen",
        19: "девятнадцать девятнадцати девятнадцатью nineteen",
        20: "двадцать двадцати двадцатью twenty",
        30: "тридцать тридцати тридцатью thirty",
        40: "сорок сорока forty",
        50: "пятьдесят пятидесяти пятьюдесятью fifty",
        60: "шестьдесят шестидесяти шестьюдесятью sixty",
        70: "семьдесят семидесяти семьюдесятью seventy",
        80: "восемьдесят восьмидесяти восемьюдесятью eighty",
        90: "девяносто девяноста ninety",
        100: "сто ста hundred",
        200: "двести двухсот",
        300: "триста трехсот",
        400: "четыреста четырехсот",
        500: "пятьсот пятисот",
        600: "шестьсот шестисот",
        700: "семьсот семисот",
        800: "восемьсот восьмисот",
        900: "девятьсот девятисот",
    }.items()
    for form in forms.split()
}
_SPACE: Final = "[ \u00a0\u2009\u202f]"
_DIGITS: Final = re.compile(
    r"(?P<before>[$€£¥₽₸]|(?<!\w)(?:rub|usd|eur|gbp|cny|kzt)(?=[ \u00a0]?[0-9]))?"
    rf"(?:{_SPACE}?)(?P<sign>(?<![\w)\]%][-−–])(?<![\w)\]%])[-−–])?(?<![\w])(?<![0-9][.,])"
    rf"(?P<number>[0-9]{{1,3}}(?:{_SPACE}[0-9]{{3}}(?![0-9]))++(?:[.,][0-9]++)?|[0-9]++(?:[.,][0-9]++)*+)",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[^\W\d_]+[23²³]?|[%‰₽$€£¥₸]|°[CСcс]?(?!\w)")
#: Between a number and its unit: white space, the same number in words in brackets, the full stop of "тыс.".
_GAP: Final = re.compile(
    r"(?:-(?:х|ти|и|й|го|м|му|ми|т[иь]|st|nd|rd|th)(?!\w))?\.?[ \u00a0\u2009\u202f\n-]?(?:\([^()\d]{1,80}\)[ \u00a0]?)?"
)
_ADJECTIVES: Final = re.compile(
    r"(?:календарн|рабоч|банковск|полн|последовательн|американск|российск|квадратн|calendar|business|working|full|"
    r"consecutive|square|us(?!\w))",
    re.IGNORECASE,
)
_SQUARE: Final = re.compile(
    r"(?:кв\.?[ \u00a0]?м(?!\w)|квадратн\w{2,3} метр\w{0,3}|square met(?:re|er)s?|sq\.? ?m(?!\w))", re.IGNORECASE
)
_PER_CENT: Final = re.compile(r"per cent(?!\w)", re.IGNORECASE)
_GROUPS: Final = re.compile(r"[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*")
_YEARS: Final = range(1900, 2100)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number at ``text[start:end]`` (with its unit).

    ``values`` are its readings in one form: ``1.234`` in a Russian text may be a fraction or a thousand.
    ``is_bare`` tells that nothing but digits stands there: it may be a year, or a number that only labels something.
    """

    start: int
    end: int
    values: frozenset[str]
    unit: str | None = None
    is_bare: bool = False

    @property
    def year(self) -> int | None:
        """The year that a number of four digits without a unit may be."""
        if self.unit is None and self.is_bare:
            for value in self.values:
                if len(value) == 4 and value.isdigit() and int(value) in _YEARS:
                    return int(value)
        return None


def unit_of(word: str) -> str | None:
    """The unit that a word in lower case names, in one form for both languages."""
    return _UNITS.get(word)


def find_quantities(text: str, *, is_russian: bool) -> tuple[list[Quantity], str]:
    """Find numbers, in digits and in words. Return them and the text with their characters blotted out."""
    found: list[Quantity] = []
    for match in _DIGITS.finditer(text):
        shift, unit, end = _after(text, match.end())
        before = match["before"]
        start = match.start() if before else match.start("sign") if match["sign"] else match.start("number")
        values = _values(match["number"], is_russian=is_russian)
        found.append(
            Quantity(
                start,
                end,
                frozenset(("-" if match["sign"] else "") + _shifted(value, shift) for value in values),
                _UNITS[before.lower()] if before else unit,
                is_bare=not shift and match["number"].isdigit(),
            )
        )
    text = _blotted(text, found)
    in_words = list(_in_words(text))
    return sorted((*found, *in_words), key=lambda quantity: quantity.start), _blotted(text, in_words)


def _values(number: str, *, is_russian: bool) -> tuple[str, ...]:
    """The readings of a number in digits, by the separators that the language uses."""
    number = re.sub(_SPACE, "", number)
    groups = _GROUPS.fullmatch(number)
    if groups is not None:
        separator = groups[1]
        whole = _plain(number.replace(separator, ""), "")
        if number.count(separator) > 1 or (separator == "," and not is_russian):
            return (whole,)
        fraction = _plain(*number.split(separator))
        return (whole, fraction) if is_russian else (fraction,)
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return (_plain(number, ""),)
    return (_plain(re.sub("[.,]", "", number[:last]), number[last + 1 :]),)


def _plain(whole: str, fraction: str) -> str:
    """A number without what its writer may add or leave: zeros before and behind."""
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _shifted(number: str, zeros: int) -> str:
    """Multiply by a power of ten, exactly."""
    if not zeros:
        return number
    whole, _, fraction = number.partition(".")
    fraction = fraction.ljust(zeros, "0")
    return _plain(whole + fraction[:zeros], fraction[zeros:])


def _after(text: str, end: int) -> tuple[int, str | None, int]:
    """Read "тыс. руб." behind a number: power of ten, unit, and where it ends."""
    shift = 0
    place = end
    for _ in range(4):
        gap = _GAP.match(text, place)
        at = gap.end() if gap else place
        for special, unit in ((_SQUARE, "m2"), (_PER_CENT, "%")):
            if match := special.match(text, at):
                return shift, unit, match.end()
        word = _WORD.match(text, at)
        if word is None:
            break
        form = word.group().lower().replace("ё", "е")
        if form in _MULTIPLIERS and not shift:
            shift, end = _MULTIPLIERS[form], word.end()
        elif form in _UNITS and not (len(form) == 1 and form in "мтрhmtlgw" and word.end() - place > 2):
            return shift, _UNITS[form], word.end()
        elif not _ADJECTIVES.match(form):
            break
        place = word.end()
    return shift, None, end


def _in_words(text: str) -> list[Quantity]:
    """Numbers that are written in words, up to 999 thousand million."""
    found: list[Quantity] = []
    run: list[tuple[int, int, int]] = []
    for match in (*_WORD.finditer(text), None):
        value = None if match is None else _NUMBER_WORDS.get(match.group().lower().replace("ё", "е"))
        joins = run and match is not None and text[run[-1][1] : match.start()] in (" ", "-", "\u00a0")
        if value is not None and match is not None and joins and value < run[-1][2] and run[-1][2] >= 20:
            run.append((match.start(), match.end(), value))
            continue
        if run:
            found += _spoken(text, run)
        run = [(match.start(), match.end(), value)] if match is not None and value is not None else []
    return found


def _spoken(text: str, run: list[tuple[int, int, int]]) -> list[Quantity]:
    shift, unit, end = _after(text, run[-1][1])
    total = sum(value for _, _, value in run)
    if total == 1 and unit is None and not shift:
        return []  # a pronoun
    return [Quantity(run[0][0], end, frozenset({_shifted(str(total), shift)}), unit)]


def _blotted(text: str, found: list[Quantity]) -> str:
    pieces: list[str] = []
    done = 0
    for quantity in found:
        pieces += (text[done : quantity.start], "\0" * (quantity.end - quantity.start))
        done = quantity.end
    return "".join((*pieces, text[done:]))
