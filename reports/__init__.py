"""What may be said: from exact cells to protected, published figures."""
