"""What a stack makes at Google: a GKE cluster, its node pools, its network."""
