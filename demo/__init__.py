"""What ``make demo`` and ``make ui`` run: this repository's DAGs against the emulator, on a laptop."""
