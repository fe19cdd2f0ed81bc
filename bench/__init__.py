"""What is fast, measured: ``python -m bench``."""
