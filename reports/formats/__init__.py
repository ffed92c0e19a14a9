"""Tables as files: codes and labels, notes, the release they come from."""
