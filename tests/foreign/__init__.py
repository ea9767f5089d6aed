"""Other clients of SageMaker, each in an environment of its own, which use the emulator: `make matrix`."""
