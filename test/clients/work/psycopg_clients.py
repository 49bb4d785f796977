"""psycopg 2 and 3: `psycopg_clients.py NAME PORT USER`. Parameters, cursors on the server, COPY, errors, pipelines."""

import io
import sys

NAME, PORT, USER = sys.argv[1], sys.argv[2], sys.argv[3]
ADDRESS = f"host=127.0.0.1 port={PORT} user={USER} dbname=clients sslmode=disable gssencmode=disable"


def fails(error, work):
    try:
        work()
    except error:
        return
    raise AssertionError("expected an error")


def psycopg2_work():
    import psycopg2

    connection = psycopg2.connect(ADDRESS)
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE psycopg2_work (id int PRIMARY KEY, name text)")
    cursor.executemany("INSERT INTO psycopg2_work VALUES (%s, %s)", [(1, "it's"), (2, None)])
    connection.commit()
    cursor.copy_from(io.StringIO("3\tthree\n4\tfour\n"), "psycopg2_work")
    cursor.copy_to(io.StringIO(), "psycopg2_work")
    with connection.cursor("named") as named:
        named.itersize = 7
        named.execute("SELECT g FROM generate_series(1, 20) g")
        assert len(list(named)) == 20
    fails(psycopg2.Error, lambda: cursor.execute("INSERT INTO psycopg2_work VALUES (1)"))
    fails(psycopg2.Error, lambda: cursor.execute("SELECT 1"))
    connection.rollback()
    connection.autocommit = True
    cursor.execute("SELECT 1; SELECT 2")
    fails(psycopg2.Error, lambda: cursor.execute("SELEC 1"))
    connection.close()


def psycopg3_work():
    import psycopg

    with psycopg.connect(ADDRESS, autocommit=True) as connection:
        connection.execute("CREATE TABLE psycopg3_work (id int PRIMARY KEY, name text)")
        for number in range(8):  # Prepared on the server from the sixth time on.
            connection.execute("INSERT INTO psycopg3_work VALUES (%s, %s)", (number, f"n{number}"))
        connection.execute("SELECT %b::int4", (7,))
        with connection.cursor() as cursor:
            with cursor.copy("COPY psycopg3_work FROM STDIN") as copy:
                copy.write_row((100, "copied"))
                copy.write_row((101, None))
            with cursor.copy("COPY psycopg3_work TO STDOUT (FORMAT BINARY)") as copy:
                for _ in copy:
                    pass
        with connection.transaction():
            with connection.cursor("named") as named:
                named.itersize = 3
                named.execute("SELECT id FROM psycopg3_work")
                assert len(named.fetchall()) == 10
            fails(psycopg.Error, lambda: inner(connection))
        if psycopg.capabilities.has_pipeline() if hasattr(psycopg, "capabilities") else True:
            pipelines(connection, psycopg)


def inner(connection):
    with connection.transaction():
        connection.execute("INSERT INTO psycopg3_work VALUES (1, 'twice')")


def pipelines(connection, psycopg):
    with connection.pipeline():
        for number in range(5):
            connection.execute("SELECT %s::int + 1", (number,))
    # The error is raised by whichever call finds it in: the next execute, or the sync.
    try:
        with connection.pipeline() as pipeline:
            connection.execute("SELECT 'before'")
            connection.execute("SELECT 1 / %s::int", (0,))
            connection.execute("SELECT 'skipped'")
            pipeline.sync()
        raise SystemExit("a division by zero went through")
    except psycopg.errors.DivisionByZero:
        pass
    connection.execute("SELECT 'after'")


{"psycopg2": psycopg2_work, "psycopg3": psycopg3_work}[NAME]()
