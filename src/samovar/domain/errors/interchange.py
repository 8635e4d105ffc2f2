"""What can be wrong when chats come in from a file, or go out into one."""

from samovar.domain.errors.root import SamovarError

__all__ = [
    "ExportTooLong",
    "ImportDamaged",
    "ImportPackingUnknown",
    "ImportTooComplex",
    "ImportTooLarge",
    "ImportTooNew",
    "ImportUnrecognised",
    "InterchangeError",
]


class InterchangeError(SamovarError):
    """The root of everything that stops an import or an export; what is lost on the way is reported instead."""


class ImportUnrecognised(InterchangeError):
    """A file without one chat in it."""

    code = "import_unrecognised"
    sentence = "No chats were found in {name}."
    hint = "Choose the export of ChatGPT, Claude, Open WebUI, LibreChat or Samovar as it came: the ZIP, or the JSON."


class ImportTooLarge(InterchangeError):
    """A file of chats above the configured size."""

    code = "import_too_large"
    sentence = "{name} is larger than {limit_mb} MB."
    hint = "Import it by parts, or raise `limits.import_mb` in samovar.toml."


class ImportTooComplex(InterchangeError):
    """An archive that is made to harm, or that nobody has made by exporting chats."""

    code = "import_too_complex"
    sentence = "{name} could not be read within the limits: {reason}."
    hint = "Unpack it yourself and import the files with the chats alone."


class ImportDamaged(InterchangeError):
    """An archive that its own format forbids."""

    code = "import_damaged"
    sentence = "{name} is damaged or cut short."
    hint = "Export or download it once more."


class ImportPackingUnknown(InterchangeError):
    """An archive of which every entry is packed in a way that nothing here unpacks: Deflate64, bzip2, LZMA, a patch."""

    code = "import_packing_unknown"
    sentence = "{name} is packed in a way that is not read here."
    hint = "Unpack it yourself and import the files with the chats, or pack them as an ordinary ZIP."


class ImportTooNew(InterchangeError):
    """Chats that a later version has written."""

    code = "import_too_new"
    sentence = "{name} was written by a newer Samovar (format {version})."
    hint = "Update Samovar, then import it again."


class ExportTooLong(InterchangeError):
    """A chat that is too long for paper."""

    code = "export_too_long"
    sentence = "This chat is too long for {format}: it has more than {limit} characters."
    hint = "Export it as Markdown or JSON."
