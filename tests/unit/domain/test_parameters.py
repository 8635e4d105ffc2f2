"""Untrusted parameters become bounded ones, or an error that names them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.errors import InvalidParameter
from samovar.domain.parameters import PARAMETER_RANGES, WHOLE_NUMBERS, GenerationParameters, read_parameters

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=10) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)
names = st.sampled_from([*PARAMETER_RANGES, "stop"]) | st.text(max_size=60)


@given(st.dictionaries(names, anything, max_size=4))
def test_whatever_comes_in_is_bounded_or_refused(values: dict[str, object]) -> None:
    try:
        read = read_parameters(values)
    except InvalidParameter as error:
        read, is_plain = GenerationParameters(), len(error.message) < 300 and error.message.isprintable()
    else:
        is_plain = True
    assert is_plain
    for name, (low, high) in PARAMETER_RANGES.items():
        value = getattr(read, name)
        assert value is None or low <= value <= high
        assert name not in WHOLE_NUMBERS or value is None or type(value) is int
    for sequence in read.stop:
        assert 0 < len(sequence.encode()) <= 800


@given(st.dictionaries(names, anything, max_size=4))
def test_what_was_read_reads_again_as_the_same(values: dict[str, object]) -> None:
    try:
        read = read_parameters(values)
    except InvalidParameter:
        return
    assert read_parameters(read.chosen()) == read


@pytest.mark.parametrize("name", sorted(PARAMETER_RANGES))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, -(10**400), True, "1", [1]])
def test_no_strange_number_passes(name: str, value: object) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read_parameters({name: value})
    assert name in caught.value.message


def test_bounds_are_written_as_people_write_them() -> None:
    with pytest.raises(InvalidParameter, match="between 0 and 2147483647"):
        read_parameters({"seed": -1})
    with pytest.raises(InvalidParameter, match=r"between 0\.5 and 2"):
        read_parameters({"repeat_penalty": 9})


def test_null_leaves_a_parameter_to_the_model() -> None:
    assert read_parameters({"temperature": None, "stop": None}) == GenerationParameters()
    assert read_parameters({"stop": "END", "seed": 5.0}).chosen() == {"stop": ["END"], "seed": 5}
