"""Mizan's pure core: what a platform is and what it costs, without Pulumi, a network or a clock."""
