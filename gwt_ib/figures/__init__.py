"""Figures for a paper: recorded runs -> what a figure shows -> a file, with the data beside it."""
