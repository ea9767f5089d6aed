"""Versions of model package groups: registration, changes, decisions, and the champion among them."""
