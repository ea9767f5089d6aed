"""The process that trains one job: reads the data from S3, trains with AutoGluon, uploads models and reports.

Its task and its progress are JSON documents on the link to the server.
"""
