"""Configuration as code (DESIGN 7.1): a file of connections and mappings, read, checked, compared and written.

    file ── source ──▶ nodes with lines ── reader ──▶ Document ── checks ──▶ problems
                                                       │   ▲
    store ── stored ──▶ Document ── diff ──▶ changes ──┘   └── export ──▶ file

Nothing here talks to a business application: what only the systems themselves can tell is checked by
``jobs.services.validation``.
"""
