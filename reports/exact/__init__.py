"""Private: slices of accepted submissions, exact cubes, and their files."""
