"""The process that makes the children which read files: `python -m records.reading.fork_server FD`.

Starting Python and loading what a reader needs takes longer than reading most files. This process has
loaded it once and copies itself for every file (fork). It never sees a file itself, knows no secret,
and each copy limits itself before it reads (`__main__.limit`), so that files have nothing in common.
"""

import fcntl
import gc
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

import charset_normalizer
import pyarrow as pa

from records.reading import __main__ as reader
from records.reading import letter_pairs
from records.reading.forked import HANDED_DOWN, NUMBER
from standards import codelists

MOST_DESCRIPTORS = 8
ASIDE = 64  # descriptors from here on are free while those of a child are put in their places


class Server:
    """Makes children as asked through `control`, ends those that nobody waits for, and tells how they ended."""

    def __init__(self, control: socket.socket) -> None:
        self.control, self.waiting = control, selectors.DefaultSelector()
        self.children: dict[int, socket.socket] = {}  # by their process ids: where to tell
        self.woken, wake = os.pipe()
        for end in (self.woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is interrupted, and ends us
        self.waiting.register(control, selectors.EVENT_READ, self.make)
        self.waiting.register(self.woken, selectors.EVENT_READ, self.reap)

    def serve(self) -> None:
        """Work until whoever asks is gone and no child is left."""
        while self.children or self.control.fileno() >= 0:
            for key, _events in self.waiting.select():
                key.data()

    def make(self) -> None:
        """Make the child that is asked for next, with the descriptors that came for it."""
        message, descriptors, _flags, _address = socket.recv_fds(self.control, 1, MOST_DESCRIPTORS)
        if not message:
            self.waiting.unregister(self.control)
            self.control.close()
            return
        told, *own = descriptors
        child = os.fork()
        if not child:
            become_reader(own)
        for descriptor in own:
            os.close(descriptor)
        self.children[child] = channel = socket.socket(fileno=told)
        self.waiting.register(channel, selectors.EVENT_READ, lambda: self.end(child))
        self.tell(child, child)

    def end(self, child: int) -> None:
        """End a child that nobody waits for any more: the other end of its channel is closed."""
        if child in self.children:
            self.waiting.unregister(self.children[child])
            os.kill(child, signal.SIGKILL)  # not waited for yet, so the number is still its own

    def reap(self) -> None:
        """Tell of every child that has ended how it did: its exit code, or minus the number of a signal."""
        os.read(self.woken, 4096)
        for child in list(self.children):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                self.tell(child, os.waitstatus_to_exitcode(status))
                channel = self.children.pop(child)
                if channel.fileno() in self.waiting.get_map():
                    self.waiting.unregister(channel)
                channel.close()

    def tell(self, child: int, number: int) -> None:
        """Send a number to whoever waits for the child, if anybody does."""
        try:
            self.children[child].send(NUMBER.pack(number), socket.MSG_NOSIGNAL)
        except OSError:
            return


def become_reader(descriptors: Sequence[int]) -> None:
    """Go on as the reader of one file, and end with it. descriptors: of its request, of its answer, of its file."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        aside = [fcntl.fcntl(number, fcntl.F_DUPFD, ASIDE) for number in descriptors]
        places = [0, 1, *range(HANDED_DOWN, HANDED_DOWN + len(aside) - 2)]
        for number, place in zip(aside, places, strict=True):
            os.dup2(number, place)
        for number in [int(link.name) for link in Path("/dev/fd").iterdir()]:
            if number > max(2, *places):
                with suppress(OSError):  # the one by which they were listed
                    os.close(number)
        reader.run()
    finally:
        os._exit(1)


class WithoutPandas(MetaPathFinder):
    """Arrow would load pandas with its first array: half a second and 40 MB for what no reader uses."""

    def find_spec(self, name: str, _path: Any, _target: Any = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def load() -> None:
    """Have ready what every reader needs: the code lists as they are told on stdin, and the libraries."""
    sys.meta_path.insert(0, WithoutPandas())
    pa.array([""], pa.string())
    codelists.take_over(json.load(sys.stdin))
    letter_pairs.languages()
    charset_normalizer.from_bytes("ä".encode("cp1252"))
    for codes in codelists.every():
        codes.match([""])


if __name__ == "__main__":
    load()
    gc.collect()
    gc.freeze()  # what is loaded stays shared with the copies
    Server(socket.socket(fileno=int(sys.argv[1]))).serve()
