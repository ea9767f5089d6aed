"""A package, so that its Airflow ends when a process has run its last test here."""
