"""The parts of a model card: the author's sections, sections generated from the service's reports, limits and size.

The public interface is :mod:`airflow_sagemaker_automl.core.card.model_card`.
"""
