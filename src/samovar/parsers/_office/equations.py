"""Equations as a line of text: OMML of Word and PowerPoint, MathML of OpenDocument."""

from typing import Final

from samovar.parsers._office.elements import Element, local

__all__ = ["equation_text"]

_DEEPEST: Final = 60
_SUPERSCRIPTS: Final = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_SUBSCRIPTS: Final = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
_PROPERTIES: Final = frozenset(
    {"ctrlPr", "rPr", "fPr", "sSupPr", "sSubPr", "sSubSupPr", "radPr", "naryPr", "dPr", "funcPr", "accPr", "barPr",
     "mPr", "eqArrPr", "limLowPr", "limUppPr", "groupChrPr", "boxPr", "borderBoxPr", "sPrePr", "phantPr", "oMathParaPr",
     "annotation", "annotation-xml"}
)  # fmt: skip
_SPACED: Final = frozenset("=≠<>≤≥≈≡→⇒±×÷∈")


def equation_text(element: Element) -> str:
    """Write an equation as people type one: ``x = (−b ± √(b² − 4ac))/(2a)``. Source: ECMA-376-1, 22.1; MathML 3."""
    return " ".join(_text(element, 0).split())


def _text(element: Element, depth: int) -> str:
    if depth > _DEEPEST:
        return ""
    kind = local(element)
    if kind in _PROPERTIES:
        return ""
    write = _WRITERS.get(kind)
    if write is not None:
        return write(element, depth + 1)
    if kind in ("t", "mi", "mn", "mo", "mtext", "ms"):
        text = element.text or ""
        return f" {text.strip()} " if text.strip() in _SPACED else text
    return "".join(_text(child, depth + 1) for child in element)


def _parts(element: Element, depth: int) -> list[str]:
    return [_text(child, depth).strip() for child in element if local(child) not in _PROPERTIES]


def _part(element: Element, kind: str, depth: int) -> str:
    return "".join(_text(child, depth) for child in element if local(child) == kind).strip()


def _value(element: Element, group: str, kind: str) -> str | None:
    """An attribute ``val`` inside the properties; None where it is not said, empty text where it says nothing."""
    for properties in element:
        if local(properties) == group:
            for child in properties:
                if local(child) == kind:
                    return next((value for key, value in child.attrib.items() if key.endswith("val")), "")
    return None


def _grouped(text: str) -> str:
    """Put brackets around what is more than one symbol."""
    is_one = len(text) <= 1 or text.isdigit() or (text[0] == "(" and text[-1] == ")" and text.count("(") == 1)
    return text if is_one else f"({text})"


def _raised(text: str) -> str:
    raised = text.translate(_SUPERSCRIPTS)
    return raised if text and all(old != new for old, new in zip(text, raised, strict=True)) else f"^{_grouped(text)}"


def _lowered(text: str) -> str:
    lowered = text.translate(_SUBSCRIPTS)
    return lowered if text and all(old != new for old, new in zip(text, lowered, strict=True)) else f"_{_grouped(text)}"


def _fraction(element: Element, depth: int) -> str:
    above, below = _part(element, "num", depth), _part(element, "den", depth)
    if local(element) == "mfrac":
        above, below = [*_parts(element, depth), "", ""][:2]
    return f"{_grouped(above)}/{_grouped(below)}"


def _script(element: Element, depth: int) -> str:
    base, low, high = (_part(element, kind, depth) for kind in ("e", "sub", "sup"))
    return base + (_lowered(low) if low else "") + (_raised(high) if high else "")


def _mathml_script(element: Element, depth: int) -> str:
    parts = [*_parts(element, depth), "", ""]
    match local(element):
        case "msup" | "mover":
            return parts[0] + _raised(parts[1])
        case "msub" | "munder":
            return parts[0] + _lowered(parts[1])
        case _:
            return parts[0] + _lowered(parts[1]) + _raised(parts[2])


def _root(element: Element, depth: int) -> str:
    if local(element) in ("msqrt", "mroot"):
        parts = _parts(element, depth)
        if local(element) == "mroot":
            return _raised(parts[1] if len(parts) > 1 else "") + "√" + _grouped(parts[0] if parts else "")
        return "√" + _grouped("".join(parts))
    degree = _part(element, "deg", depth)
    return (_raised(degree) if degree else "") + "√" + _grouped(_part(element, "e", depth))


def _sum(element: Element, depth: int) -> str:
    sign = _value(element, "naryPr", "chr")
    low, high = _part(element, "sub", depth), _part(element, "sup", depth)
    text = ("∫" if sign is None else sign) + (_lowered(low) if low else "") + (_raised(high) if high else "")
    return f"{text} {_part(element, 'e', depth)}"


def _delimited(element: Element, depth: int) -> str:
    left, right, divider = (_value(element, "dPr", kind) for kind in ("begChr", "endChr", "sepChr"))
    parts = [_text(child, depth).strip() for child in element if local(child) == "e"]
    inside = ("|" if divider is None else divider).join(parts)
    return f"{'(' if left is None else left}{inside}{')' if right is None else right}"


def _function(element: Element, depth: int) -> str:
    return f"{_part(element, 'fName', depth)} {_part(element, 'e', depth)}"


def _matrix(element: Element, depth: int) -> str:
    rows = [", ".join(_parts(row, depth)) for row in element if local(row) in ("mr", "mtr")]
    return f"[{'; '.join(rows)}]"


def _lines(element: Element, depth: int) -> str:
    return "; ".join(_parts(element, depth))


def _limit(element: Element, depth: int) -> str:
    low = _part(element, "lim", depth)
    return _part(element, "e", depth) + (_lowered(low) if local(element) == "limLow" else _raised(low))


def _fenced(element: Element, depth: int) -> str:
    return f"{element.get('open', '(')}{', '.join(_parts(element, depth))}{element.get('close', ')')}"


_WRITERS: Final = {
    "f": _fraction,
    "mfrac": _fraction,
    "sSup": _script,
    "sSub": _script,
    "sSubSup": _script,
    "msup": _mathml_script,
    "msub": _mathml_script,
    "msubsup": _mathml_script,
    "munder": _mathml_script,
    "mover": _mathml_script,
    "munderover": _mathml_script,
    "rad": _root,
    "msqrt": _root,
    "mroot": _root,
    "nary": _sum,
    "d": _delimited,
    "mfenced": _fenced,
    "func": _function,
    "m": _matrix,
    "mtable": _matrix,
    "eqArr": _lines,
    "limLow": _limit,
    "limUpp": _limit,
}
