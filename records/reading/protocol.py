"""The messages between the reading process and the process that started it."""

import json
import struct
from typing import IO, Any

LENGTH = struct.Struct("<I")
OUT_OF_MEMORY = 3  # exit code of a child that ran into its limit, and noticed


def read_message(pipe: IO[bytes]) -> dict[str, Any]:
    size = pipe.read(LENGTH.size)
    if len(size) < LENGTH.size:
        raise EOFError
    message: dict[str, Any] = json.loads(pipe.read(LENGTH.unpack(size)[0]))
    return message
