"""The processes that predict: behind an endpoint's variant, and for a transform job.

Each loads the archives of one chain of containers; each variant and each transform job has its own process.
"""
