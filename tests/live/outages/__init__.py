"""A package, so that its Airflow ends after its last test."""
