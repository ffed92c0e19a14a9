"""Private and pure: rounding of exact counts, and the gates a family of tables must pass."""
