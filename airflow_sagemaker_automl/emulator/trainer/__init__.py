"""The process that trains one job: reads the data from S3, trains with AutoGluon, uploads models and reports.

It receives its task and reports its progress as JSON documents on the link to the server.
"""
