"""A demonstration country of invented people, taken in and released by the verbs people use."""
