"""`python -m migdata.local start|stop|status`: the embedded servers by hand."""

import sys

from migdata import local

VERBS = ("start", "stop", "status")


def main(arguments: list[str]) -> int:
    """Do the verb; returns the exit code."""
    if len(arguments) != 1 or arguments[0] not in VERBS:
        sys.stderr.write(f"usage: python -m migdata.local {'|'.join(VERBS)}\n")
        return 2
    try:
        if arguments[0] == "start":
            for name, value in local.ensure().items():
                sys.stdout.write(f"{name}={value}\n")
        elif arguments[0] == "stop":
            local.stop()
        else:
            sys.stdout.write(f"running: {', '.join(local.running()) or 'nothing'}\n")
    except local.Unusable as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
