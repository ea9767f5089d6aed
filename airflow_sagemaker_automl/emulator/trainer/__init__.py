"""The process that trains one job: reads the data from S3, trains with AutoGluon, uploads models and reports.

It reads its task as one line of JSON from standard input and writes its progress as lines of JSON to standard output.
"""
