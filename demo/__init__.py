"""The code behind ``make demo`` and ``make ui``: this repository's DAGs against the emulator, on a laptop."""
