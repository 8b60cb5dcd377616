"""Resources of clouds, worked out from a Plan: the arguments that components hand to the SDK."""
