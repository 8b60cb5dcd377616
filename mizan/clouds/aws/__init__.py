"""What a stack makes at AWS: an EKS cluster, its network, and what Karpenter needs."""
