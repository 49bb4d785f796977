\set ON_ERROR_STOP off
CREATE TEMPORARY TABLE pooled (id int PRIMARY KEY, name text);
INSERT INTO pooled SELECT g, 'n' || g FROM generate_series(1, 10) g;
SELECT 1 \; SELECT 2;
BEGIN;
SELECT 1 / 0;
ROLLBACK;
SET search_path = public;
COPY pooled FROM STDIN;
101	copied
\.
COPY pooled TO STDOUT;
