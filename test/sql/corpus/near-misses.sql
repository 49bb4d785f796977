-- Statements that look alike and are not, or look different and are alike. Lines up to an empty line share a reason.
select a from t where x = 1
select a from t where x = -1
select a from t where x = - 1
select a from t where x=-1
select a from t where x = $1
select a from t where x = 'x' -- tail
select a from t where x > 1
select a from t where x >= 1
select a from t where x <> 1
select a from t where x != 1
select a from t where x is null
select a from t where x is not null
select a from t where x is true
select a from t where x = y
select a from t where x = y - 1
select a from t where x = y -1
select a from t where x = y + 1
select a from t where 1 = x
select a from t where x in (y, z)
select a from t where x in (select 1)
select a from t where x in (lower('a'))
select a from t where x in (lower('b'))
select a from t where x = any (array[1, 2])
select a from t where x = any (array[7])
select a from t where x = any (array[7, y])
select a from t where x = all ($1)
select a from t where (x, y) in ((1, 2))
select a from t where (x, y) in ((1, 2), (3, 4), (5, 6))
select a from t where x between 1 and 2
select a from t where x not between 1 and 2
select a from t where x like 'a%'
select a from t where x not like 'a%'
select a from t where x ilike 'a%'
select a from t where x ~ 'a'
select a from t where x ~* 'a'
select a from u where x = 1
select b from t where x = 1
select a from t where z = 1
select * from t where x = 1
select a from t x where x = 1
select a from t
select a from t limit 10
select a from t limit 20
select a from t order by a
select a from t order by a desc
select a from t order by a nulls first
select a from t order by 1
select a from t group by a
select distinct a from t
select a from t for update
select a from t for share
select count(*) from t
select COUNT( * ) from t
select count(a) from t
select count(distinct a) from t
select sum(a) from t
select a - 1 from t
select a -1 from t
select a-1 from t
select a * -1 from t
select a * - 1 from t
select a || 'x' from t
select 'x' || a from t
select a @> 'x' from t
select a <@ 'x' from t
select a -> 'x' from t
select a ->> 'x' from t
select a #> 'x' from t
select a #>> 'x' from t
select a ? 'x' from t
select a ?| array['x', 'y'] from t
select a ?& array['x'] from t
select a && array[1, 2] from t
select a::int from t
select a::bigint from t
select a::numeric(10, 2) from t
select a::numeric(12, 4) from t
select a::varchar(10) from t
select a::varchar(20) from t
select interval '1 day' + a from t
select interval '2' hour + a from t
select interval '2' day to second + a from t
select a + date '2020-01-01' from t
select a + '2020-01-01' from t
select a + '2020-01-01'::date from t
select a + cast('2020-01-01' as date) from t
select a + cast($1 as timestamp with time zone) from t
select a + timestamp with time zone '2020-01-01 00:00+00' from t
select a + timestamp without time zone '2020-01-01 00:00' from t
select a + 'x'::character varying(10) from t
select a + '1'::double precision from t
select a + '{1}'::int[] from t
select a + 'x'::pg_catalog."char" from t
select a + 'foo'\n'bar' from t
select a + E'\'' from t
select a + $$it's$$ from t
select a + $x$ $$ $x$ from t
select a + U&'\0061' from t
select a + U&'!0061' UESCAPE '!' from t
select a + B'101' from t
select a + X'1F' from t
select a + N'x' from t
select a + 0x1F from t
select a + 0o17 from t
select a + 0b11 from t
select a + 1_000 from t
select a + 1. from t
select a + .5 from t
select a + 1e10 from t
select a + 1.5E-3 from t
select a from "t"
select "a" from T
select A FROM t
select a from "T"
select "A" from t
select t.a from t
select t . a from t
select t1 from t2
select t1 from t3
select col_1 from tab_01
select col_2 from tab_01
select /* one */ a /* two /* nested */ */ from -- three\n t
select case when a = 1 then 2 else 3 end from t
select case a when 1 then 2 end from t
select coalesce(a, 1) from t
select coalesce(a, b) from t
select nullif(a, 1) from t
select f(1) from t
select f(2) from t
select f(1, 2) from t
select f(1, 2, 3) from t
select g(1) from t
select f(g(1)) from t
select f(a, g(2)) from t
select a from t where x = 1 and y = 2
select a from t where x = $1 and y = $2
select a from t where x = 1 or y = 2
select a from t where x = 1 and not y = 2
select a from t where x = 1 and y = 2 and z = 3
select a from t where (x = 1 or y = 2) and z = 3
select a from t where x = 1 or y = 2 and z = 3
select a from t union select b from u
select a from t union all select b from u
select a from t except select b from u
select a from t left join u on t.id = u.id
select a from t right join u on t.id = u.id
select a from t full join u on t.id = u.id
select a from t cross join u
select a from t join u using (id)
select a from t join u on t.id = u.id
select a from t, u
insert into t values (1, 2)
insert into t values (1, 2), (3, 4)
insert into t values (1, now())
insert into t values (2, now()), (3, now()), (4, now())
insert into t values (default, 'x')
insert into t (a) values (1)
insert into t (a, b) values (1, 2)
insert into t (a, b) values (null, true), (default, $1)
insert into t (a, b) values (1, 2) returning a
insert into t (a, b) values (1, 2) on conflict do nothing
insert into t (a, b) values (3, 4), (5, 6) on conflict do nothing
insert into t (a, b) values (1, 2) on conflict (a) do nothing
insert into t (a, b) values (1, 2) on conflict (a) do update set b = excluded.b
insert into t (a, c) values (1, 2)
insert into t (a, b) values (lower('x'), 1)
insert into t (a, b) values (lower('x'), 1), (lower('y'), 2)
insert into t (a, b) values ((select 1), 1)
insert into u (a, b) values (1, 2)
insert into t (a, b) select a, b from u
update t set a = 1
update t set a = 1 where b = 2
update t set a = null where b = $1
update t set a = default where b = $1
update t set a = a where b = 2
update t set a = 1, b = 2 where c = 3
update t set b = 1 where a = 2
update only t set a = 1 where b = 2
delete from t
delete from t where a = 1
delete from t where a = $1
delete from t where b = 1
delete from only t where a = 1
create table t (a int)
create table u (a int)
create table t (b int)
create table t (a bigint)
create table t (a int, b text)
create table t (a int not null)
create table t (a int default 1)
create table t (a int default 2)
create table t (a varchar(10))
create table t (a varchar(20))
drop table t
drop table u
drop table if exists t
drop view t
truncate t
truncate u
savepoint a
savepoint b
savepoint "django_1"
release savepoint a
rollback to savepoint a
set a to 'x'
set a to x, y
set b to 'x'
set local a = 1
set a to default
reset a
show a
begin
commit
rollback
declare c1 cursor for select a from t
declare "c2" cursor for select a from t
declare c1 cursor for select b from t
close c1
close c2
prepare p1 as select a from t where x = $1
prepare p2 as select a from t where x = $1
prepare p2 as select b from t where x = $1
deallocate p1
deallocate "p2"
do $$ begin null; end $$
do $x$ begin perform 1; end $x$
explain select a from t
explain analyze select a from t
explain verbose select a from t
select 1
select 'a'
select null
select true
select 1.5;
select -1
select a, b, 1 from t
select a, b, 'x' from t
select a[1] from t
select a[2] from t
select a[b] from t
select (a).b from t
select row(1, 2)
select row('a', 'b')
select row(1, a)
select x from t where d > now() - interval '7 days' and s = 'x'
select x from t where d > now() - interval '8 days' and s = 'y'
select x from t where d > current_date - 7 and s = 'y'
with q as (select 1) select * from q
with q as (select 2) select * from q
with r as (select 1) select * from r
select * from (values (1, 2)) v
select * from (values (1, 2), (3, 4)) v
select * from (values (1, 2), (3, a)) v
select a from t where f(x) = 1
select a from t where f(x, 1) = 1 and y
select user from t
select current_user from t

-- reason: in-and-equals
select a from t where x in (1)
select a from t where x in (1, 2, 3)
select a from t where x in ('a', NULL, $3)
select a from t where x in (1::int, 2::int)
select a from t where x not in (1, 2)
select a from t where x in (y)
select a from t where x in (1, y)
select a from t where x in (2, y)
select a from t where x = any ($1)
select a from t where x = any ('{1,2}')

-- reason: positive-sign
select a from t where x in (-1, +2)

-- reason: limit-and-offset
select a from t offset 10

-- reason: constant-items
select case when a = 1 then 2 end from t

-- reason: literal-arguments
select extract(year from a) from t
select extract(month from a) from t

-- reason: same-meaning-other-words
begin work
commit work
rollback work
release b
release "django_1"
rollback to b
set a = 1
