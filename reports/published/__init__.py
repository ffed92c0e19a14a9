"""Public: the structure, editions and figures of released datasets, and questions about them."""
