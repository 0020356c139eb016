"""Measuring: the real processes of a run in a directory that is thrown away, and where their time and memory go.

Nothing else in the project imports this package.
"""
