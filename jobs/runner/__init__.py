"""One run of a job: read, decide, write, commit, a page at a time."""
