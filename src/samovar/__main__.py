"""Run ``python -m samovar`` like the ``samovar`` command."""

from samovar.cli.main import main

if __name__ == "__main__":
    main()
