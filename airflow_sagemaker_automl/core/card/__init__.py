"""The parts of a model card: what authors say of theirs, what is read off the service's reports, limits and size.

The front door is :mod:`airflow_sagemaker_automl.core.model_card`.
"""
