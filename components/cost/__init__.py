"""What the stack costs."""
