"""Airflow operators that turn a table of data into an approved, documented model version on Amazon SageMaker.

Nothing is imported here: Airflow loads this module whenever it looks for providers.
"""

__version__ = "0.1.0"
