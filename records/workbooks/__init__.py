"""Workbooks that the portal makes for clerks: an empty one to fill in, and held rows to put right."""
