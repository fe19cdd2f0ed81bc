"""Couplings, errors and log entries by the thousand: bulk reads by key, COPY, one statement a batch."""
