"""What came in: instruments, reading, validation, instrument, review, and their pages."""
