/**
 * Statements with holes. $i an integer, $n a number with a fraction, $s a string, $d a date as a string, $b a boolean,
 * $p a parameter or a literal, $l a list of 1 to 9 literals of one kind, $r rows of three literals, $k LIMIT-like count.
 * Each is filled several times; all fillings of one template are one class, by construction.
 */
const TABLES: readonly (readonly [table: string, columns: readonly string[]])[] = [
  ['users', ['id', 'email', 'name', 'created_at', 'login_count']],
  ['posts', ['id', 'user_id', 'title', 'body', 'published_at']],
  ['comments', ['id', 'post_id', 'author', 'content', 'score']],
  ['orders', ['id', 'customer_id', 'status', 'total', 'placed_at']],
  ['order_items', ['id', 'order_id', 'sku', 'quantity', 'price']],
  ['products', ['id', 'category_id', 'label', 'price', 'stock']],
  ['sessions', ['id', 'user_id', 'data', 'expires_at', 'ip']],
  ['audit_log', ['id', 'actor_id', 'action', 'detail', 'at']],
  ['invoices', ['id', 'order_id', 'number', 'amount', 'due_on']],
  ['payments', ['id', 'invoice_id', 'method', 'amount', 'paid_at']],
  ['shop.customers', ['id', 'region_id', 'name', 'segment', 'balance']],
  ['shop.regions', ['id', 'parent_id', 'name', 'code', 'rank']],
];

type Shape = (t: string, c: readonly string[]) => string;

/** One literal of hash column, one class a table. */
const SHAPES: readonly Shape[] = [
  // ActiveRecord
  (t, c) => `SELECT "${last(t)}".* FROM ${q(t)} WHERE "${last(t)}"."${c[0]}" = $p LIMIT $p`,
  (t, c) => `SELECT 1 AS one FROM ${q(t)} WHERE "${last(t)}"."${c[2]}" = $p LIMIT $p`,
  (t, c) => `SELECT COUNT(*) FROM ${q(t)} WHERE "${last(t)}"."${c[1]}" = $p`,
  (t, c) => `SELECT "${last(t)}".* FROM ${q(t)} WHERE "${last(t)}"."${c[1]}" IN ($l)`,
  (t, c) =>
    `SELECT "${last(t)}".* FROM ${q(t)} WHERE "${last(t)}"."${c[4]}" BETWEEN $p AND $p ORDER BY "${last(t)}"."${c[0]}" DESC LIMIT $p OFFSET $p`,
  (t, c) =>
    `INSERT INTO ${q(t)} ("${c[1]}", "${c[2]}", "${c[3]}") VALUES ($r3) RETURNING "${c[0]}"`,
  (t, c) => `UPDATE ${q(t)} SET "${c[2]}" = $p, "${c[4]}" = $p WHERE "${last(t)}"."${c[0]}" = $p`,
  (t, c) => `DELETE FROM ${q(t)} WHERE "${last(t)}"."${c[0]}" = $p`,
  // Hibernate
  (t, c) =>
    `select x1_0.${c[0]}, x1_0.${c[1]}, x1_0.${c[2]}, x1_0.${c[3]} from ${t} x1_0 where x1_0.${c[0]}=$p`,
  (t, c) =>
    `select x1_0.${c[0]}, x1_0.${c[2]} from ${t} x1_0 where x1_0.${c[2]} like $s escape '' order by x1_0.${c[3]} fetch first $i rows only`,
  (t, c) => `insert into ${t} (${c[1]},${c[2]},${c[3]},${c[4]},${c[0]}) values ($r5)`,
  (t, c) =>
    `update ${t} set ${c[1]}=$p,${c[2]}=$p,${c[3]}=$p,${c[4]}=$p where ${c[0]}=$p and version=$p`,
  // Django
  (t, c) =>
    `SELECT ("${last(t)}"."${c[0]}"), "${last(t)}"."${c[1]}", "${last(t)}"."${c[2]}" FROM ${q(t)} WHERE ("${last(t)}"."${c[3]}" >= $s AND NOT ("${last(t)}"."${c[1]}" IN ($l))) ORDER BY "${last(t)}"."${c[3]}" ASC LIMIT $i`,
  (t, c) => `SELECT (1) AS "a" FROM ${q(t)} WHERE "${last(t)}"."${c[3]}" = $s LIMIT 1`,
  (t, c) =>
    `SELECT COUNT(*) AS "__count" FROM ${q(t)} WHERE UPPER("${last(t)}"."${c[2]}"::text) LIKE UPPER($s)`,
  (t, c) =>
    `UPDATE ${q(t)} SET "${c[4]}" = ("${last(t)}"."${c[4]}" + $i) WHERE "${last(t)}"."${c[0]}" IN ($l)`,
  // Sequelize, TypeORM
  (t, c) =>
    `SELECT "${c[0]}", "${c[1]}", "${c[2]}" FROM ${q(t)} AS "${last(t)}Alias" WHERE "${last(t)}Alias"."${c[2]}" = $s OR "${last(t)}Alias"."${c[1]}" IS NULL`,
  (t, c) =>
    `INSERT INTO ${q(t)} ("${c[0]}","${c[2]}","${c[3]}") VALUES (DEFAULT,$p,$p) ON CONFLICT ("${c[0]}") DO UPDATE SET "${c[2]}"=EXCLUDED."${c[2]}" RETURNING "${c[0]}","${c[2]}"`,
  (t, c) => `INSERT INTO ${q(t)} (${c[1]}, ${c[2]}, ${c[3]}) VALUES ($m3)`,
  // By hand
  (t, c) =>
    `select ${c[1]}, count(*), sum(${c[4]}) from ${t} where ${c[3]} > $d group by ${c[1]} having count(*) > $i order by 2 desc limit $i`,
  (t, c) => `select * from ${t} where ${c[0]} = any($p) and ${c[2]} <> $s`,
  (t, c) =>
    `select distinct ${c[2]} from ${t} where ${c[4]} is not null and coalesce(${c[4]}, $i) >= $i`,
  (t, c) => `delete from ${t} where ${c[3]} < now() - interval '$i days'`,
  (t, c) =>
    `select a.${c[0]}, b.${c[2]} from ${t} a left join ${t} b on a.${c[1]} = b.${c[0]} and b.${c[2]} = $s where a.${c[0]} in ($l)`,
  (t, c) => `select ${c[0]} from ${t} where (${c[1]}, ${c[2]}) in ($t)`,
  (t, c) =>
    `update ${t} set ${c[3]} = now(), ${c[4]} = ${c[4]} - $n where ${c[0]} = $p returning *`,
  (t, c) =>
    `select case when ${c[4]} > $i then $s else $s end from ${t} where ${c[1]} = $p for update`,
  (t, c) =>
    `with recent as (select * from ${t} where ${c[3]} > $d) select count(*) from recent where ${c[1]} = $p`,
  (t, c) => `copy ${t} (${c[1]}, ${c[2]}) from stdin`,
  (t, c) =>
    `select max(${c[4]}) over (partition by ${c[1]} order by ${c[0]}) from ${t} where ${c[2]} ilike $s`,
];

function last(table: string): string {
  return table.split('.').at(-1) ?? table;
}

function q(table: string): string {
  return table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.');
}

/** TPC-C's transactions, by the tables and conditions that the specification names, in our words. */
const TPC_C = [
  'SELECT c_discount, c_last, c_credit, w_tax FROM customer, warehouse WHERE w_id = $p AND c_w_id = w_id AND c_d_id = $p AND c_id = $p',
  'SELECT d_next_o_id, d_tax FROM district WHERE d_id = $p AND d_w_id = $p FOR UPDATE',
  'UPDATE district SET d_next_o_id = d_next_o_id + 1 WHERE d_id = $p AND d_w_id = $p',
  'INSERT INTO oorder (o_id, o_d_id, o_w_id, o_c_id, o_entry_d, o_ol_cnt, o_all_local) VALUES ($r7)',
  'INSERT INTO new_order (no_o_id, no_d_id, no_w_id) VALUES ($r3)',
  'SELECT i_price, i_name, i_data FROM item WHERE i_id = $p',
  'SELECT s_quantity, s_data, s_dist_01, s_dist_02 FROM stock WHERE s_i_id = $p AND s_w_id = $p FOR UPDATE',
  'UPDATE stock SET s_quantity = $p, s_ytd = s_ytd + $p, s_order_cnt = s_order_cnt + 1 WHERE s_i_id = $p AND s_w_id = $p',
  'INSERT INTO order_line (ol_o_id, ol_d_id, ol_w_id, ol_number, ol_i_id, ol_amount) VALUES ($r6)',
  'UPDATE warehouse SET w_ytd = w_ytd + $p WHERE w_id = $p',
  'SELECT w_street_1, w_street_2, w_city, w_state, w_zip, w_name FROM warehouse WHERE w_id = $p',
  'UPDATE district SET d_ytd = d_ytd + $p WHERE d_w_id = $p AND d_id = $p',
  'SELECT d_street_1, d_city, d_state, d_zip, d_name FROM district WHERE d_w_id = $p AND d_id = $p',
  'SELECT count(c_id) FROM customer WHERE c_last = $s AND c_d_id = $p AND c_w_id = $p',
  'SELECT c_first, c_middle, c_id FROM customer WHERE c_w_id = $p AND c_d_id = $p AND c_last = $s ORDER BY c_first',
  'UPDATE customer SET c_balance = $n, c_ytd_payment = $n WHERE c_w_id = $p AND c_d_id = $p AND c_id = $p',
  'UPDATE customer SET c_balance = $n, c_data = $s WHERE c_w_id = $p AND c_d_id = $p AND c_id = $p',
  'INSERT INTO history (h_c_d_id, h_c_w_id, h_c_id, h_date, h_amount, h_data) VALUES ($r6)',
  'SELECT o_id, o_carrier_id, o_entry_d FROM oorder WHERE o_w_id = $p AND o_d_id = $p AND o_c_id = $p ORDER BY o_id DESC LIMIT 1',
  'SELECT ol_i_id, ol_supply_w_id, ol_quantity FROM order_line WHERE ol_o_id = $p AND ol_d_id = $p AND ol_w_id = $p',
  'SELECT min(no_o_id) FROM new_order WHERE no_d_id = $p AND no_w_id = $p',
  'DELETE FROM new_order WHERE no_o_id = $p AND no_d_id = $p AND no_w_id = $p',
  'UPDATE oorder SET o_carrier_id = $p WHERE o_id = $p AND o_d_id = $p AND o_w_id = $p',
  'UPDATE order_line SET ol_delivery_d = $s WHERE ol_o_id = $p AND ol_d_id = $p AND ol_w_id = $p',
  'SELECT sum(ol_amount) AS ol_total FROM order_line WHERE ol_o_id = $p AND ol_d_id = $p AND ol_w_id = $p',
  'SELECT count(DISTINCT s_i_id) FROM order_line, stock WHERE ol_w_id = $p AND ol_d_id = $p AND ol_o_id < $p AND ol_o_id >= $p - 20 AND s_w_id = $p AND s_i_id = ol_i_id AND s_quantity < $p',
];

/** Reports in the style of TPC-H: its tables and its kinds of question. */
const TPC_H = [
  "select l_returnflag, l_linestatus, sum(l_quantity), avg(l_discount), count(*) from lineitem where l_shipdate <= date '1998-12-01' - interval '$i' day group by l_returnflag, l_linestatus order by l_returnflag, l_linestatus",
  'select s_acctbal, s_name, n_name from part, supplier, partsupp, nation where p_partkey = ps_partkey and s_suppkey = ps_suppkey and p_size = $i and p_type like $s and s_nationkey = n_nationkey and ps_supplycost = (select min(ps_supplycost) from partsupp, supplier where p_partkey = ps_partkey and s_suppkey = ps_suppkey) order by s_acctbal desc limit $i',
  'select l_orderkey, sum(l_extendedprice * (1 - l_discount)) as revenue, o_orderdate from customer, orders, lineitem where c_mktsegment = $s and c_custkey = o_custkey and l_orderkey = o_orderkey and o_orderdate < $d group by l_orderkey, o_orderdate order by revenue desc limit $i',
  "select o_orderpriority, count(*) as order_count from orders where o_orderdate >= $d and o_orderdate < $d + interval '3' month and exists (select * from lineitem where l_orderkey = o_orderkey and l_commitdate < l_receiptdate) group by o_orderpriority",
  'select n_name, sum(l_extendedprice * (1 - l_discount)) from customer, orders, lineitem, supplier, nation, region where c_custkey = o_custkey and l_orderkey = o_orderkey and n_regionkey = r_regionkey and r_name = $s and o_orderdate >= $d group by n_name',
  'select sum(l_extendedprice * l_discount) from lineitem where l_shipdate >= $d and l_discount between $n - 0.01 and $n + 0.01 and l_quantity < $i',
  'select supp_nation, cust_nation, l_year, sum(volume) from (select n1.n_name as supp_nation, n2.n_name as cust_nation, extract(year from l_shipdate) as l_year, l_extendedprice as volume from supplier, lineitem, nation n1, nation n2 where (n1.n_name = $s and n2.n_name = $s) or (n1.n_name = $s and n2.n_name = $s)) as shipping group by supp_nation, cust_nation, l_year',
  'select o_year, sum(case when nation = $s then volume else 0 end) / sum(volume) from (select extract(year from o_orderdate) as o_year, l_extendedprice as volume, n_name as nation from part, orders, nation where p_type = $s) as all_nations group by o_year',
  'select c_custkey, c_name, sum(l_extendedprice) from customer, orders, lineitem where c_custkey = o_custkey and l_returnflag = $s group by c_custkey, c_name order by 3 desc limit $i',
  'select ps_partkey, sum(ps_supplycost * ps_availqty) as worth from partsupp group by ps_partkey having sum(ps_supplycost * ps_availqty) > (select sum(ps_supplycost * ps_availqty) * $n from partsupp) order by worth desc',
  'select l_shipmode, sum(case when o_orderpriority = $s or o_orderpriority = $s then 1 else 0 end) from orders, lineitem where o_orderkey = l_orderkey and l_shipmode in ($l) and l_receiptdate >= $d group by l_shipmode',
  'select c_count, count(*) from (select c_custkey, count(o_orderkey) from customer left outer join orders on c_custkey = o_custkey and o_comment not like $s group by c_custkey) as c_orders (c_custkey, c_count) group by c_count',
  "select 100.00 * sum(case when p_type like 'PROMO%' then l_extendedprice else 0 end) / sum(l_extendedprice) from lineitem, part where l_partkey = p_partkey and l_shipdate >= $d",
  'with revenue (supplier_no, total) as (select l_suppkey, sum(l_extendedprice) from lineitem where l_shipdate >= $d group by l_suppkey) select s_suppkey, total from supplier, revenue where s_suppkey = supplier_no and total = (select max(total) from revenue)',
  'select p_brand, p_type, count(distinct ps_suppkey) from partsupp, part where p_brand <> $s and p_type not like $s and p_size in ($l) and ps_suppkey not in (select s_suppkey from supplier where s_comment like $s) group by p_brand, p_type',
  'select sum(l_extendedprice) / 7.0 from lineitem, part where p_brand = $s and l_quantity < (select 0.2 * avg(l_quantity) from lineitem where l_partkey = p_partkey)',
  'select c_name, o_orderkey, sum(l_quantity) from customer, orders, lineitem where o_orderkey in (select l_orderkey from lineitem group by l_orderkey having sum(l_quantity) > $i) group by c_name, o_orderkey limit $i',
  'select sum(l_extendedprice) from lineitem, part where (p_brand = $s and p_container in ($l) and l_quantity >= $i) or (p_brand = $s and p_size between $i and $i)',
  'select s_name, s_address from supplier, nation where s_suppkey in (select ps_suppkey from partsupp where ps_availqty > (select 0.5 * sum(l_quantity) from lineitem)) and n_name = $s order by s_name',
  'select s_name, count(*) as numwait from supplier, lineitem l1 where l1.l_receiptdate > l1.l_commitdate and not exists (select * from lineitem l3 where l3.l_orderkey = l1.l_orderkey) group by s_name limit $i',
  'select cntrycode, count(*) from (select substring(c_phone from $i for $i) as cntrycode from customer where substring(c_phone from $i for $i) in ($l)) as custsale group by cntrycode',
];

const PGBENCH = [
  'SELECT abalance FROM pgbench_accounts WHERE aid = $p',
  'UPDATE pgbench_accounts SET abalance = abalance + $g WHERE aid = $p',
  'UPDATE pgbench_tellers SET tbalance = tbalance + $g WHERE tid = $p',
  'UPDATE pgbench_branches SET bbalance = bbalance + $g WHERE bid = $p',
  'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES ($g, $g, $g, $g, CURRENT_TIMESTAMP)',
  'select count(*) from pgbench_branches',
  'select o.n, p.partstrat from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace where c.relname = $s',
];

/** In the style of PostgreSQL's regression tests: the corners of the language. */
const REGRESSION = [
  'SELECT E\'\\\\x$i\'::bytea, $s::text COLLATE "C"',
  'SELECT f1, - f1 AS neg FROM int4_tbl WHERE f1 > $g',
  'SELECT i.f1 * int2 $s AS x FROM int4_tbl i WHERE abs(f1) < $i',
  'SELECT ARRAY[$l] @> arr FROM arrtest WHERE arr[$i] = $i',
  'SELECT a, b, arr[1:2] FROM arrtest WHERE a[1] < $i AND c = $s',
  'SELECT j -> $s, j ->> $i, j #> $s, j #>> $s FROM json_tbl WHERE j @> $s AND j ? $s',
  'SELECT count(*) FROM jsonb_tbl WHERE j ?| ARRAY[$l]',
  'SELECT x.* FROM (VALUES ($m2)) AS x(a, b)',
  'VALUES ($m2) ORDER BY 1',
  'SELECT * FROM generate_series($i, $i) AS g(n) WHERE n % $i = $i',
  'SELECT t1.a FROM t1 UNION ALL SELECT t2.a FROM t2 WHERE t2.b = $p ORDER BY 1 LIMIT $i',
  'SELECT a FROM t1 EXCEPT SELECT a FROM t2 WHERE b = $s',
  'SELECT a FROM t1 INTERSECT ALL SELECT a FROM t2 WHERE b = $n',
  'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < $i) SELECT sum(n) FROM t',
  'SELECT sum(salary) OVER (PARTITION BY depname ORDER BY salary ROWS BETWEEN $i PRECEDING AND CURRENT ROW) FROM empsalary WHERE empno = $p',
  'SELECT a, b FROM gstest GROUP BY GROUPING SETS ((a), (b), ()) HAVING sum(v) > $i',
  'SELECT percentile_cont($n) WITHIN GROUP (ORDER BY x) FROM aggtest WHERE y < $n',
  'SELECT count(*) FILTER (WHERE a > $i) FROM aggtest',
  'SELECT * FROM t1 LEFT JOIN LATERAL (SELECT * FROM t2 WHERE t2.a = t1.a LIMIT $i) ss ON true WHERE t1.b = $p',
  'SELECT * FROM t1 NATURAL JOIN t2 WHERE x = $p',
  'SELECT * FROM t1 TABLESAMPLE BERNOULLI ($i) WHERE c = $s',
  'SELECT DISTINCT ON (a) a, b FROM t1 WHERE c > $i ORDER BY a, b DESC NULLS LAST',
  'SELECT a FROM t1 WHERE b IS DISTINCT FROM $p',
  'SELECT a FROM t1 WHERE (b, c) OVERLAPS ($d, $d)',
  "SELECT d AT TIME ZONE $s FROM ts_tbl WHERE d > timestamp '2001-01-$k'",
  "SELECT EXTRACT(epoch FROM d) FROM ts_tbl WHERE d < timestamptz '2001-01-$k 00:00'",
  'SELECT substring(a from $i for $i), position($s in a), overlay(a placing $s from $i) FROM txt WHERE a ~ $s',
  'SELECT a NOT LIKE $s, a !~* $s, a SIMILAR TO $s FROM txt WHERE b = $p',
  'SELECT CAST($i AS numeric(10, 2)), a::float8 FROM num WHERE b >= $n',
  'SELECT p.f1 <-> point $s AS dist FROM point_tbl p WHERE p.f1 <@ box $s',
  'SELECT a && int4range($i, $i) FROM rng WHERE upper(a) > $i',
  'SELECT to_tsvector($s, body) @@ to_tsquery($s) FROM docs WHERE id = $p',
  'SELECT row_number() OVER w, rank() OVER w FROM emp WHERE dept = $s WINDOW w AS (PARTITION BY dept ORDER BY pay DESC)',
  'INSERT INTO inserttest (col1, col2, col3) VALUES ($g, (SELECT $i), DEFAULT)',
  'INSERT INTO inserttest AS it (col1, col2) VALUES ($r2) ON CONFLICT (col1) DO UPDATE SET col2 = it.col2 + $i WHERE it.col2 < $i',
  'INSERT INTO t1 SELECT * FROM t2 WHERE a > $i',
  'INSERT INTO t1 DEFAULT VALUES',
  'UPDATE update_test AS ut SET (b, a) = (SELECT c, d FROM other WHERE e = $p) WHERE ut.a = $i',
  'UPDATE t1 SET a = v.i FROM (VALUES ($m2)) AS v(i, j) WHERE t1.b = v.j',
  'DELETE FROM t1 USING t2 WHERE t1.a = t2.a AND t2.b = $p RETURNING t1.*',
  'MERGE INTO target t USING source AS s ON t.tid = s.sid WHEN MATCHED AND s.delta > $i THEN UPDATE SET balance = t.balance + s.delta WHEN NOT MATCHED THEN INSERT VALUES (s.sid, s.delta)',
  'WITH moved AS (DELETE FROM q WHERE id = $p RETURNING *) INSERT INTO done SELECT * FROM moved',
  'WITH up AS (UPDATE t SET a = $p RETURNING a) SELECT count(*) FROM up',
  'SELECT * FROM pg_stat_activity WHERE state = $s AND pid <> pg_backend_pid()',
  'SELECT c.relname, pg_relation_size(c.oid) FROM pg_class c WHERE c.relkind IN ($l) ORDER BY 2 DESC LIMIT $i',
  'SELECT pg_advisory_xact_lock($i)',
  'SELECT nextval($s)',
  'SELECT set_config($s, $s, $b)',
  'SELECT unnest($s::int[]) AS u, $i::text',
  'SELECT a FROM t1 WHERE b = $b AND c IS NOT TRUE AND d = $p',
  'SELECT GREATEST(a, $i), NULLIF(b, $s) FROM t1 WHERE c = ANY (ARRAY[$l])',
  'SELECT xmlelement(name foo, a) FROM t1 WHERE b = $i',
  'SELECT (rec).x, (rec).y FROM t1 WHERE (rec).x = $p',
  'SELECT a[$i] FROM t1 WHERE b[$i] = $i',
  'SELECT 0x1F + $i, 1_000 * a, .5 + b FROM t1',
  'SELECT $b, a FROM t1 WHERE b = $g',
  'TABLE t1 LIMIT $i',
  'SELECT count(*) FROM t1 WHERE a <> ALL (ARRAY[$l]) AND NOT EXISTS (SELECT 1 FROM t2 WHERE t2.a = t1.a AND t2.b = $s)',
];

const UTILITY = [
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'START TRANSACTION',
  'COMMIT AND CHAIN',
  'ROLLBACK AND CHAIN',
  'DISCARD ALL',
  'CHECKPOINT',
  'SAVEPOINT $a',
  'RELEASE SAVEPOINT $a',
  'ROLLBACK TO SAVEPOINT $a',
  'PREPARE TRANSACTION $s',
  'COMMIT PREPARED $s',
  'ROLLBACK PREPARED $s',
  'SET application_name = $s',
  'SET search_path TO $a',
  'SET statement_timeout = $i',
  'SET LOCAL lock_timeout TO $s',
  'SET TIME ZONE $s',
  'SET work_mem TO DEFAULT',
  'RESET search_path',
  'RESET ALL',
  'SHOW transaction_isolation',
  'SHOW ALL',
  'DECLARE $a CURSOR FOR SELECT * FROM t1 WHERE a = $i',
  'DECLARE $a NO SCROLL CURSOR WITH HOLD FOR SELECT * FROM t1',
  'CLOSE $a',
  'FETCH NEXT FROM $a',
  'FETCH ALL FROM $a',
  'MOVE NEXT FROM $a',
  'DEALLOCATE $a',
  'PREPARE $a AS SELECT * FROM t1 WHERE a = $1',
  'LISTEN jobs',
  'UNLISTEN *',
  'NOTIFY jobs',
  'VACUUM t1',
  'VACUUM ANALYZE t2',
  'ANALYZE t1',
  'ANALYZE',
  'TRUNCATE t1',
  'TRUNCATE t1, t2 CASCADE',
  'LOCK TABLE t1 IN ACCESS EXCLUSIVE MODE',
  'LOCK TABLE t1 IN SHARE MODE',
  'CALL refill($l)',
  'DO $body',
  'EXPLAIN SELECT * FROM t1 WHERE a = $p',
  'EXPLAIN ANALYZE SELECT * FROM t1 WHERE a = $p',
  'EXPLAIN (ANALYZE, BUFFERS) DELETE FROM t1 WHERE a = $p',
  'REINDEX TABLE t1',
  'REFRESH MATERIALIZED VIEW mv',
  'REFRESH MATERIALIZED VIEW CONCURRENTLY mv',
  'COPY t1 TO STDOUT',
  'COPY (SELECT a FROM t1 WHERE b = $i) TO STDOUT',
  'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
  'GRANT SELECT, INSERT ON t1 TO app',
  'GRANT app TO bob',
  'REVOKE ALL ON t1 FROM public',
  'GRANT USAGE ON SCHEMA s TO app',
  'SET ROLE app',
];

const DDL = [
  'CREATE TABLE t1 (a int NOT NULL DEFAULT $i, b text, c varchar($i))',
  'CREATE TABLE IF NOT EXISTS t1 (a int PRIMARY KEY, b numeric($i, 2) CHECK (b > $i))',
  'CREATE TEMP TABLE tt (a int, b date) ON COMMIT DROP',
  'CREATE UNLOGGED TABLE t3 (LIKE t1 INCLUDING ALL)',
  'CREATE TABLE t4 AS SELECT * FROM t1 WHERE a > $i',
  'CREATE TABLE parts (a int, d date) PARTITION BY RANGE (d)',
  'DROP TABLE t1',
  'DROP TABLE IF EXISTS t1, t2 CASCADE',
  'DROP INDEX CONCURRENTLY i1',
  'DROP SCHEMA s CASCADE',
  'DROP ROLE bob',
  'DROP VIEW v1',
  'DROP FUNCTION f(int)',
  'ALTER TABLE t1 ADD COLUMN d int DEFAULT $i',
  'ALTER TABLE t1 DROP COLUMN d',
  'ALTER TABLE t1 ALTER COLUMN a TYPE bigint',
  'ALTER TABLE t1 RENAME TO t9',
  'ALTER TABLE t1 ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES t2 (a) ON DELETE CASCADE',
  'ALTER TABLE t1 SET SCHEMA s',
  'ALTER TABLE ONLY t1 OWNER TO bob',
  'ALTER SEQUENCE seq OWNED BY t1.a',
  'CREATE INDEX i1 ON t1 (a)',
  'CREATE UNIQUE INDEX i2 ON t1 (a, lower(b))',
  'CREATE INDEX CONCURRENTLY i3 ON t1 USING gin (j) WHERE a > $i',
  'CREATE VIEW v1 AS SELECT a FROM t1 WHERE b = $s',
  'CREATE OR REPLACE VIEW v1 AS SELECT a FROM t1 WHERE b = $s',
  'CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM t1',
  'CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $body',
  'CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $body',
  'CREATE TRIGGER trg BEFORE INSERT ON t1 FOR EACH ROW EXECUTE FUNCTION f()',
  'CREATE SCHEMA s',
  'CREATE SEQUENCE seq',
  'CREATE EXTENSION IF NOT EXISTS hstore',
  'CREATE ROLE bob LOGIN',
  'ALTER ROLE bob SET search_path TO s',
  'CREATE DATABASE d',
  'CREATE DOMAIN posint AS int CHECK (VALUE > $i)',
  'CREATE RULE r AS ON INSERT TO t1 DO ALSO NOTIFY jobs',
  'CREATE POLICY pol ON t1 USING (a = $i)',
  'CREATE PUBLICATION pub FOR TABLE t1',
];

/** All templates. */
export const TEMPLATES: readonly string[] = [
  ...TABLES.flatMap(([table, columns]) => SHAPES.map((shape) => shape(table, columns))),
  ...TPC_C,
  ...TPC_H,
  ...PGBENCH,
  ...REGRESSION,
  ...UTILITY,
  ...DDL,
];
