"""Chats in and out: exports of other programs, and files of our own."""
