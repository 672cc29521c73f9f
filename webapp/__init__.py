"""Linkboard: a dashboard for the data linking batches of Illumina Connected Analytics."""

__version__ = "0.3.0"
