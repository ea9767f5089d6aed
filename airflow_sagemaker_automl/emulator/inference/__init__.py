"""The process behind an endpoint's variant: it loads the archives of one chain of containers and predicts with them.

Each variant has its own process.
"""
