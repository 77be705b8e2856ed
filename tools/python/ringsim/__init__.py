"""What of ringsim is Python: captures on real machines."""
