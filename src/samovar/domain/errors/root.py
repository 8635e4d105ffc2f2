"""The root of all errors: a code for programs, a sentence and a hint for people."""

from collections.abc import Mapping

__all__ = ["SamovarError", "error_from_code"]


class SamovarError(Exception):
    """The root: a code for programs, a sentence and a hint for people.

    ``values`` fill the placeholders of both, and travel to the interface, which has its own
    words for each code in each language.
    """

    code = "internal"
    sentence = "Something went wrong inside Samovar."
    hint = "Try again. If it happens again, run `samovar doctor`."

    def __init__(self, **values: str | int) -> None:
        """Keep the values that the sentence names."""
        self.values: Mapping[str, str | int] = values
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The sentence with its values filled in."""
        return self.sentence.format_map(_Shown(self.values))

    @property
    def advice(self) -> str:
        """The hint with its values filled in."""
        return self.hint.format_map(_Shown(self.values))


class _Shown(dict[str, object]):
    """Values for a sentence; a value that was not given shows as its name."""

    def __missing__(self, name: str) -> str:
        return name


def error_from_code(code: str, **values: str | int) -> SamovarError:
    """Tell again an error of which only the code was stored; an unknown code is the root."""
    waiting: list[type[SamovarError]] = [SamovarError]
    while waiting:
        kind = waiting.pop()
        if kind.code == code:
            error = SamovarError(**values)
            error.code, error.sentence, error.hint = kind.code, kind.sentence, kind.hint
            return error
        waiting.extend(kind.__subclasses__())
    return SamovarError(**values)
