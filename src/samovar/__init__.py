"""Samovar: a private chat with local language and vision-language models."""

__all__ = ["__version__"]

__version__ = "0.1.0"
