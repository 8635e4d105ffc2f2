"""Model servers that are not ours, installed and started for the tests in ``tests/live``.

``make test-live`` runs it; docs/how-to/test-against-real-servers.md says what is needed and what is shown.
"""
