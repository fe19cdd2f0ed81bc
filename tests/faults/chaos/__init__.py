"""Chaos: two business systems that people edit all the time, while everything that can die or break does.

``python -m tests.faults.chaos --seed 7 --kills 500`` (``make chaos``) starts real programs on real servers, lets users
edit and faults happen, waits until all is quiet, and then checks the promises of the product on the data themselves
(SCENARIOS 5). It prints a table, writes the same as JSON, and exits with 1 when a promise was broken.

    places     the databases and the broker of one run, apart from everybody else's
    business   the two business systems: their tables, each with a history of every change and who made it
    wire       what lies between the product and a business system, and sometimes loses an answer
    programs   worker and beat as processes, started again at once when they die
    mines      a worker that can be killed at a named point of its work
    users      people who edit records in the business systems
    clerks     people who use the product: Synchronize, Retry All, Restore, Delete
    faults     what is killed and broken
    recovery   how long a dead worker's job waits until somebody goes on with it
    quiet      the end: everything works again and settles
    histories  what the business systems remember of every record
    remembered what the product's store says
    checker    the promises, checked in plain SQL and Python, with nothing of the engine
    stories    what happened to a record whose promise was broken
    report     the figures
    run        all of it, from two empty systems to the report
"""
