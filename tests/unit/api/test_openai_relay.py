"""Names of backends and models in response headers."""

from hypothesis import given
from hypothesis import strategies as st

from samovar.api.openai_relay import _headers
from samovar.gateway.routing import Try


def attempt(model: str, backend: str = "b", error_code: str | None = None) -> Try:
    return Try(model=model, backend=backend, error_code=error_code)


def test_plain_names_stand_as_they_are() -> None:
    assert _headers([attempt("Qwen/Qwen2.5-7B:q4_K_M", "my-vllm")]) == {
        "X-Samovar-Backend": "my-vllm",
        "X-Samovar-Model": "Qwen/Qwen2.5-7B:q4_K_M",
    }


def test_those_that_failed_are_named_in_order() -> None:
    tried = [attempt("m", "a", "backend_broke"), attempt("m", "b", "backend_timeout"), attempt("m", "c")]
    assert _headers(tried)["X-Samovar-Tried"] == "a/m; error=backend_broke, b/m; error=backend_timeout"


def test_many_attempts_make_no_header_that_clients_refuse() -> None:
    tried = [attempt("ж" * 500, f"server-{number}", "backend_broke") for number in range(60)]
    told = _headers([*tried, attempt("m")])["X-Samovar-Tried"]
    assert len(told) < 8_000
    assert told.rpartition(", ")[2].startswith("server-59/")


@given(st.text(max_size=800))
def test_no_name_can_add_a_header_or_an_entry(name: str) -> None:
    headers = _headers([attempt(name, name, "backend_broke"), attempt(name, name)])
    for value in headers.values():
        value.encode("ascii")
        assert value.isprintable() or not value
        assert len(value) < 8_000
    assert headers["X-Samovar-Tried"].count(",") == 0
    assert headers["X-Samovar-Tried"].count(";") == 1
