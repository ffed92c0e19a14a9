"""An untrusted file becomes columns of text, in a limited child process."""
