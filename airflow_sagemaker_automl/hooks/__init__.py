"""The only folder that calls AWS: the hook, AWS's errors and the service model."""
