"""What keeps Samovar from starting."""

from samovar.domain.errors.root import SamovarError

__all__ = ["DataFolderUnusable", "PortTaken", "SettingsInvalid", "StartError", "UnsafeBinding"]


class StartError(SamovarError):
    """The root of everything that keeps Samovar from starting."""


class PortTaken(StartError):
    """Another program listens there."""

    code = "port_taken"
    sentence = "Port {port} is taken by another program."
    hint = "Stop that program, or choose another port: `samovar serve --port {other}`."


class DataFolderUnusable(StartError):
    """The data folder cannot be made, read or written."""

    code = "data_folder_unusable"
    sentence = "The data folder {path} cannot be used: {reason}."
    hint = "Choose another with --data-dir or SAMOVAR_DATA_DIR, or change its rights."


class SettingsInvalid(StartError):
    """A setting that does not exist or has a value that is not allowed."""

    code = "settings_invalid"
    sentence = "The settings are not valid: {reason}."
    hint = "Correct samovar.toml or the environment; docs/reference/settings.md lists every setting."


class UnsafeBinding(StartError):
    """Listening beyond this machine without sign-in."""

    code = "unsafe_binding"
    sentence = "Sign-in is off, so Samovar listens on this machine only, not on {host}."
    hint = "Turn sign-in on, or bind to 127.0.0.1."
