"""The kinds of plots of ringsim_plot.py."""
