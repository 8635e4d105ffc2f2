"""Which files are brought in, and where they stand."""

from pathlib import Path

from samovar.cli.files import find_files


def test_files_of_two_folders_never_stand_in_one_place(tmp_path: Path) -> None:
    first, second = tmp_path / "march", tmp_path / "april"
    for folder in (first, second):
        (folder / "inside").mkdir(parents=True)
        (folder / "inside" / "report.txt").write_text(folder.name)
        (folder / f"{folder.name}.txt").write_text(folder.name)
    places = [file.place for file, _ in find_files([first, second, first])]
    assert places == [
        "march.txt",
        "inside/report.txt",
        "april.txt",
        (second / "inside/report.txt").as_posix(),
        "march.txt",
        "inside/report.txt",
    ]


def test_two_named_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    files = [tmp_path / "a" / "report.pdf", tmp_path / "b" / "report.pdf"]
    for file in files:
        file.parent.mkdir()
        file.write_bytes(b"%PDF")
    assert [file.place for file, _ in find_files(files)] == ["report.pdf", files[1].as_posix()]
