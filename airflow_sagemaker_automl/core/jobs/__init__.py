"""AutoML jobs: their requests, candidates and outcomes."""
