"""Private and pure: rounding of exact counts, and the gates a rounded cube must pass."""
