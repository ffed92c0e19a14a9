"""Private: building, releasing and withdrawing."""
