"""Where GPUs come from."""
