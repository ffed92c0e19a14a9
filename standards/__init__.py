"""Words all share, no models: languages, periods, sex, numbers, spelling, code lists and their data."""
