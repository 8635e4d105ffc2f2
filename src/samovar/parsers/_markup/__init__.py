"""Blocks out of what is written as marked or plain text: HTML, letters, books, tables, archives."""
