"""Renders the model card of a model package as one self-contained HTML page, or as Markdown."""

from __future__ import annotations

from airflow_sagemaker_automl.rendering.markdown import render_markdown
from airflow_sagemaker_automl.rendering.page import render_html
from airflow_sagemaker_automl.rendering.version import version_facts, version_title

__all__ = ["render_html", "render_markdown", "version_facts", "version_title"]
