"""Scoring a table with a version: the transform job, its request, and the columns that it needs."""
