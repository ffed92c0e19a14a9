"""Texts become typed columns and findings. Pure: no Django, no database."""
