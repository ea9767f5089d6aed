"""The sensors, a file for each, and their base."""
