"""Measuring the portal against what others use: `make bench` (docs/performance.md)."""
