"""`python -m migdata.local start|stop|status|run …|offline …`: the embedded servers by hand."""

import signal
import subprocess
import sys

from migdata import local

USAGE = """usage: python -m migdata.local start | stop | status
       python -m migdata.local run COMMAND …      with servers, stopped afterwards
       python -m migdata.local offline COMMAND …  with settings, without servers
"""


def main(arguments: list[str]) -> int:
    """Do the verb; returns the exit code."""
    try:
        match arguments:
            case ["start"]:
                for name, value in local.ensure().items():
                    sys.stdout.write(f"{name}={value}\n")
            case ["stop"]:
                local.stop()
            case ["status"]:
                sys.stdout.write(f"running: {', '.join(local.running()) or 'nothing'}\n")
            case ["run", *command] if command:
                return run(command)
            case ["offline", *command] if command:
                local.prepare(start=False)
                return subprocess.run(command, check=False).returncode  # noqa: S603
            case _:
                sys.stderr.write(USAGE)
                return 2
    except local.Unusable as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


def run(command: list[str]) -> int:
    """Run the command with servers, and stop them afterwards if they did not run before."""
    with local.session(), subprocess.Popen(command) as process:  # noqa: S603
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # the terminal has told the command as well; let it end in order


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
