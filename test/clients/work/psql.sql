\set ON_ERROR_STOP off
CREATE TABLE psql_work (id int PRIMARY KEY, name text);
INSERT INTO psql_work SELECT g, 'n' || g FROM generate_series(1, 20) g;
SELECT 1 \; SELECT 2 \; SELECT 'a;b';
SELECT count(*) FROM psql_work \; SELECT 1 / 0 \; SELECT 'never';
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM psql_work;
FETCH 5 FROM c;
FETCH 100 FROM c;
CLOSE c;
SAVEPOINT s;
INSERT INTO psql_work VALUES (1);
ROLLBACK TO s;
COMMIT;
\copy psql_work TO '/dev/null'
COPY psql_work FROM STDIN;
101	copied
102	\N
\.
COPY psql_work FROM STDIN;
not a number	x
\.
COPY psql_work TO STDOUT;
PREPARE by_id AS SELECT * FROM psql_work WHERE id = $1;
EXECUTE by_id(3);
DEALLOCATE by_id;
BEGIN;
SELECT nothing;
SELECT 'in a failed block';
ROLLBACK;
\set FETCH_COUNT 4
SELECT * FROM psql_work ORDER BY id;
DO $$ BEGIN RAISE NOTICE 'said'; END $$;
