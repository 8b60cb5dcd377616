"""Budgets during the month: what is spent decides whether a team's queues admit new jobs.

Standard library alone, and nothing of `mizan` outside this room: the very same files run in the cluster, on a stock
Python image (mizan/manifests/budget_enforcer.py).

- Pure: `model`, `costs` (what Prometheus says), `queues` (what a LocalQueue says), `decide`, `words`, `events`,
  `settings` (what the CronJob is told).
- Edges: `web`, `prometheus`, `api_server`. `enforce` leads from what is known to what is done, over any of them; `pod`
  is the program of the CronJob.
"""
