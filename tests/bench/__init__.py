"""Speed and size against their limits, as ratios in one run: `make bench`."""
