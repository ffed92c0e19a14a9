"""Letters of a demonstration, as files that only their owner can read: they hold links to accounts."""

import os

from django.core.mail.backends import filebased


class PrivateFiles(filebased.EmailBackend):
    """Django's letters as files, in a folder of mode 0700, with mode 0600."""

    def open(self) -> bool:
        if self.stream is not None:
            return False
        os.chmod(self.file_path, 0o700)  # noqa: PTH101 - Django keeps it as text
        file = os.open(self._get_filename(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.stream = os.fdopen(file, "ab")
        return True
