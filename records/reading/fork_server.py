"""The process that makes the children which read files: `python -m records.reading.fork_server FD`.

Starting Python and loading what a reader needs takes longer than reading most files. This process has
loaded it once and copies itself for every file (fork). It never sees a file itself, knows no secret,
and each copy limits itself before it reads (`__main__.limit`), so that files have nothing in common.
"""

import ctypes
import errno
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
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4


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
        """Make the child that is asked for next, with the descriptors that came for it.

        Where none can be made, whoever asks is told minus the number of the error.
        """
        message, descriptors, flags, _address = socket.recv_fds(self.control, 1, MOST_DESCRIPTORS)
        if not message:
            self.waiting.unregister(self.control)
            self.control.close()
            return
        if not descriptors:  # none at all could be opened: whoever asks sees the channel close
            return
        channel, own = socket.socket(fileno=descriptors[0]), descriptors[1:]
        child = -errno.EMFILE if flags & socket.MSG_CTRUNC else copied(own)
        for descriptor in own:
            os.close(descriptor)
        tell(channel, child)
        if child < 0:
            channel.close()
            return
        self.children[child] = channel
        self.waiting.register(channel, selectors.EVENT_READ, lambda: self.end(child))

    def end(self, child: int) -> None:
        """End a child that nobody waits for any more: the other end of its channel is closed."""
        if child in self.children:
            self.waiting.unregister(self.children[child])
            os.kill(child, signal.SIGKILL)  # not waited for yet, so the number is still its own

    def reap(self) -> None:
        """Tell of every child that has ended how it did: its exit code, or minus the number of a signal; and its peak memory."""
        os.read(self.woken, 4096)
        for child in list(self.children):
            process_id, status, used = os.wait4(child, os.WNOHANG)
            if process_id:  # 0 where it works still
                channel = self.children.pop(child)
                tell(channel, os.waitstatus_to_exitcode(status), used.ru_maxrss)
                if channel.fileno() in self.waiting.get_map():
                    self.waiting.unregister(channel)
                channel.close()


def copied(descriptors: Sequence[int]) -> int:
    """Return the process id of a new reader of these descriptors, or minus the number of the error."""
    server = os.getpid()
    try:
        child = os.fork()
    except OSError as error:
        return -(error.errno or errno.EAGAIN)
    if not child:
        become_reader(descriptors, server)
    return child


def tell(channel: socket.socket, *numbers: int) -> None:
    """Send numbers to whoever waits at the other end of a channel, if anybody does."""
    with suppress(OSError):
        channel.send(b"".join(map(NUMBER.pack, numbers)), socket.MSG_NOSIGNAL)


def become_reader(descriptors: Sequence[int], server: int) -> None:
    """Go on as the reader of one file, and end with it, or with the server.

    descriptors: of its request, of its answer, of its file; server: its process id.
    """
    try:
        set_attribute(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:  # it had ended before it could take us along
            os._exit(1)
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


def shut() -> None:
    """Let no process of the same account look into this one or its copies, and let them be killed first.

    A reader that a hostile file has taken over could otherwise change what later readers are copied from, or
    take their keys. What is set here is handed down to every copy; no copy could write its own score any more.
    Raises OSError where the system does not do it: then nothing is read.
    """
    with suppress(OSError):  # where memory ends, readers and this process go first, not the worker
        Path("/proc/self/oom_score_adj").write_text("900")
    set_attribute(PR_SET_DUMPABLE, 0)


def set_attribute(option: int, value: int) -> None:
    """Set an attribute of this process, see prctl(2). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3):
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value})")


if __name__ == "__main__":
    load()
    shut()
    gc.collect()
    gc.freeze()  # what is loaded stays shared with the copies
    Server(socket.socket(fileno=int(sys.argv[1]))).serve()
