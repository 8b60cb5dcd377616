"""One file per stack, and the only reader of Pulumi's configuration."""
