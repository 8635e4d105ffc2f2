"""One file per step; `HEAD` in `storage/migrate.py` names the last one."""
