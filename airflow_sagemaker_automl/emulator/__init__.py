"""SageMaker for a laptop: AutoML jobs that really train, and the model registry, behind the service's own API.

``python -m airflow_sagemaker_automl.emulator`` serves S3, STS, IAM and SageMaker on loopback.
It stands on moto's server and replaces what moto only pretends to do.
It shares no code with the rest of the package, so that one wrong idea cannot sit on both sides of a test.
"""
