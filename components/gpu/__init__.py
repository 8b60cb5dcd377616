"""NVIDIA's operator, metrics and claims of GPUs."""
