"""Compare two models on the same labelled rows; needs the extra ``evaluation``."""
