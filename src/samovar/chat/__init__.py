"""Conversations: turns, their context, and the runs that write replies."""
