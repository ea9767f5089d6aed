"""The operators: a file for each, and nothing else."""
