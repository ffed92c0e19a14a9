"""What is asked: the specification of an instrument, its strict reader, its published versions."""
