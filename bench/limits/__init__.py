"""Servers that do nothing, as fast as the product's own server can."""
