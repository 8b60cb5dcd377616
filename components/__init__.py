"""Pulumi component resources: they wire what mizan/ computes and decide nothing."""
