"""What operators and sensors share, in the worker: connection, waiting, submission, registration, decision."""
