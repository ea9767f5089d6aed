"""The quality gate: thresholds, the comparison with the champion, and the verdict."""
