"""The rules of the field as plain values and functions: no Airflow, no AWS SDK, milliseconds to test."""
