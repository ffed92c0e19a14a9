"""Searching the records of an agency and an instrument: what is asked, its rows by sex, its files."""
