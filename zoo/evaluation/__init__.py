"""Metrics of tasks, whatever computes the network, beside naive baselines on the same split."""
