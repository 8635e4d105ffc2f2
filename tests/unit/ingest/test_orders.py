"""What the server and its reader of imports tell each other."""

from pathlib import Path

import pytest

from samovar.ingest.orders import Orders, Report
from samovar.settings import BackendServer, BackendsSettings, LimitsSettings, RouteSettings, Settings


def test_orders_bring_every_setting_and_the_environment_changes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        data_dir=tmp_path / "чай",
        database_url="postgresql://me:secret@there/tea",
        limits=LimitsSettings(upload_mb=7, parser_s=1.5),
        backends=BackendsSettings(
            openai_api_key="key", servers=(BackendServer(name="one", url="http://127.0.0.1:1", key="secret"),)
        ),
        routes=(RouteSettings(name="best", targets=("one/a", "one/b")),),
    )
    line = Orders(settings=settings, imports=3, verbose=True).write()
    assert line.count(b"\n") == 1
    monkeypatch.setenv("SAMOVAR_LIMITS_UPLOAD_MB", "9")
    monkeypatch.setenv("SAMOVAR_DATABASE_URL", "postgresql://other/other")
    read = Orders.read(line)
    assert read == Orders(settings=settings, imports=3, verbose=True)


def test_orders_show_no_key() -> None:
    settings = Settings(database_url="postgresql://me:secret@there/tea")
    assert "secret" not in repr(Orders(settings=settings, imports=1, verbose=False))


def test_a_report_comes_back_as_it_was_written() -> None:
    report = Report(reading=2, ended={"ready": 5, "refused": 1})
    assert Report.read(report.write()) == report


@pytest.mark.parametrize("line", [b"", b'{"reading": 1', b"{}\n", b'{"reading": "x", "ended": {}}\n'])
def test_a_report_that_was_cut_off_is_refused(line: bytes) -> None:
    with pytest.raises((ValueError, KeyError)):
        Report.read(line)
