"""A child process: `python -m benchmarks.child MODULE FUNCTION …` prints what it returns as JSON."""

import json
import sys
from importlib import import_module

import django


def main(module: str, function: str, *arguments: str) -> None:
    """Set Django up, which modules with models need before they load, and call the function."""
    django.setup()
    result = getattr(import_module(f"benchmarks.{module}"), function)(*arguments)
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
