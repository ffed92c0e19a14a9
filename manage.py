#!/usr/bin/env python
"""Django's command line, with embedded servers where none are named."""

import os
import sys

# Commands that only read code: no database, no broker.
WITHOUT_SERVERS = {"help", "makemessages", "compilemessages", "collectstatic", "--version", "version"}
# Commands that make or change tables connect as the owner; all others as `app`.
AS_OWNER = {"migrate", "makemigrations", "flush", "sqlmigrate", "showmigrations", "dbshell"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migdata.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command in AS_OWNER:
        os.environ["MIGDATA_AS_OWNER"] = "1"
    from migdata import local

    try:
        local.prepare(start=command not in WITHOUT_SERVERS)
    except local.CannotStart as reason:
        sys.exit(f"migdata: {reason}")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
