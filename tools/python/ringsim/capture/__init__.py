"""Captures: what compressing costs on a GPU."""
