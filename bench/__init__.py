"""Measures the product beside the machine's own limits; see README.md. Not part of what is installed."""
