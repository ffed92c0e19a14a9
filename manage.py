#!/usr/bin/env python
"""Command line of the portal. Without DATABASE_URL and REDIS_URL it starts the embedded servers."""

import os
import sys
from contextlib import nullcontext

# The owner makes and changes tables; every other command works as `app`, under row-level security.
AS_OWNER = {"migrate", "flush", "createcachetable", "makemigrations", "dbshell", "spectacular"}
WITHOUT_DATABASE = {"help", "version", "check", "collectstatic", "messages"}


def main() -> None:
    """Prepare the environment, then let Django do the command."""
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed for this Python. Use .venv/bin/python (`make venv`).")
    from migdata import local

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    asks_for_help = command.startswith("-") or "--help" in sys.argv or "-h" in sys.argv
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migdata.settings")
    if command in AS_OWNER:
        os.environ.setdefault("MIGDATA_AS_OWNER", "1")
    if command == "demo":
        os.environ.setdefault("DEMO", "1")
    start = not asks_for_help and command not in WITHOUT_DATABASE
    try:
        # The demonstration stops the servers that it started; for single commands they stay.
        with local.session() if start and command == "demo" else nullcontext():
            local.prepare(start=start)
            execute_from_command_line(sys.argv)
    except local.Unusable as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - said in words to whoever starts it with an old one
        sys.exit("The portal needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".")
    main()
