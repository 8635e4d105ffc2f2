"""What can be wrong with a file."""

from samovar.domain.errors.root import SamovarError

__all__ = [
    "DocumentError",
    "ExamplesInvalid",
    "FileDamaged",
    "FileEmpty",
    "FileEncrypted",
    "FileTooComplex",
    "FileTooLarge",
    "FileTypeUnknown",
    "FileWithoutText",
]


class DocumentError(SamovarError):
    """The root of everything that can be wrong with a file."""


class FileEmpty(DocumentError):
    """A file of no bytes, of white space alone, or without a page, slide or chapter."""

    code = "file_empty"
    sentence = "{name} is empty."
    hint = "Check that the file was saved, and attach it again."


class FileTooLarge(DocumentError):
    """A file above the configured size."""

    code = "file_too_large"
    sentence = "{name} is larger than {limit_mb} MB."
    hint = "Split it into smaller files, or raise `limits.upload_mb` in samovar.toml."


class FileTypeUnknown(DocumentError):
    """Content of a type that is not read."""

    code = "file_type_unknown"
    sentence = "{name} is not a file that Samovar can read."
    hint = "Attach a PDF, an office document, a letter, a book, a table, a text, an archive or a picture."


class FileDamaged(DocumentError):
    """Content that its own format forbids."""

    code = "file_damaged"
    sentence = "{name} is damaged or cut short."
    hint = "Open it in its own program, save it again and attach the new copy."


class FileEncrypted(DocumentError):
    """A file behind a password."""

    code = "file_encrypted"
    sentence = "{name} is protected by a password."
    hint = "Save a copy without the password and attach that."


class FileTooComplex(DocumentError):
    """A file that would take more memory, time or pages than a parser may have."""

    code = "file_too_complex"
    sentence = "{name} could not be read within the limits: {reason}."
    hint = "Split it into smaller files, or print it to a new PDF."


class FileWithoutText(DocumentError):
    """A file in which no words were found."""

    code = "file_without_text"
    sentence = "No text was found in {name}."
    hint = "If it is a scan, attach its pages as pictures to a model that can see."


class ExamplesInvalid(DocumentError):
    """A file of examples that holds none, or that is no text."""

    code = "examples_invalid"
    sentence = "No examples were found in {name}."
    hint = "A .txt file has [Instruction], [Q] and [A] before its parts, a .jsonl file one JSON object a line."
