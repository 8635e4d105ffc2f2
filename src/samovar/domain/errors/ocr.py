"""What keeps OCR from getting its language data."""

from samovar.domain.errors.root import SamovarError

__all__ = ["LanguageDataUnavailable"]


class LanguageDataUnavailable(SamovarError):
    """Tesseract's language data could not be got."""

    code = "language_data_unavailable"
    sentence = "Language data for OCR could not be got: {reason}."
    hint = (
        "Debian, Ubuntu: `sudo apt install tesseract-ocr-rus tesseract-ocr-eng`. macOS: `brew install tesseract-lang`. "
        "Or name a folder or a .deb file: `samovar ocr install --from PATH`."
    )
