-- Where libpg_query and we group differently, with the reason; each reason is explained in test/sql/README.md.
-- reason: schema-name
select a from s1.d1 where b = 1
select a from s2.d1 where b = 1
select a from d1 where b = 1
delete from s1.d1 where b = 1
delete from d1 where b = 2

-- reason: target-list-order
select a, b from d2 where c = 1
select b, a from d2 where c = 1
insert into d2 (a, b) values (1, 2)
insert into d2 (b, a) values (1, 2)

-- reason: repeated-items
select a, a, b from d3 where c = 1
select a, b from d3 where c = 1
select a, b, 1, 2 from d3 where c = 1
select a, b, 1 from d3 where c = 1

-- reason: output-alias
select a as x from d4 where c = 1
select a as y from d4 where c = 1
select a from d4 where c = 1

-- reason: condition-order
select a from d5 where b = 1 and c = 2
select a from d5 where c = 2 and b = 1

-- reason: repeated-conditions
select a from d6 where b = 1 or b = 2
select a from d6 where b = 1 or b = 2 or b = 3

-- reason: parentheses
select a from d7 where (b = 1) and (c = 2)
select a from d7 where b = 1 and c = 2
select (a) from d7 where b in ((1), (2))
select a from d7 where b in (1, 2)

-- reason: same-meaning-other-words
select a from d8 inner join e8 on d8.id = e8.id
select a from d8 join e8 on d8.id = e8.id
select a from d8 left outer join e8 on d8.id = e8.id
select a from d8 left join e8 on d8.id = e8.id
select cast(a as text) from d8
select a::text from d8
select a from d8 limit 5 offset 6
select a from d8 offset 6 limit 5
select a from d8 fetch first 5 rows only
end
commit
abort
rollback
begin isolation level serializable
begin
set transaction isolation level serializable
set transaction isolation level read committed
create temporary table d8t (a int)
create temp table d8t (a int)
drop table d8t restrict
drop table d8t
truncate table d8t
truncate d8t
alter table d8t add column b int
alter table d8t add b int
select a::integer from d8
select a::int from d8

-- reason: literal-arguments
select f(a, 1) from d9
select f(a) from d9
call p9(1)
call p9()

-- reason: constant-items
select a from d9 where b in (1, c)
select a from d9 where b in (c)
select a, 1 from d9b
select 1, a from d9b
select 1, 2
select 1

-- reason: positive-sign
select a from d10 where b = +1
select a from d10 where b = 1

-- reason: nested-casts
select '1'::int::text from d11
select '1'::text from d11
select -1.5::int from d11b
select 1.5::int from d11b

-- reason: literals-of-utility
alter role d12 password 'x'
alter role d12 password 'y'
comment on table d12 is 'x'
comment on table d12 is 'y'
copy d12 from '/tmp/a'
copy d12 from '/tmp/b'
notify d12, 'x'
notify d12, 'y'
fetch 10 from d12
fetch 200 from d12
create type d12t as enum ('a', 'b')
create type d12t as enum ('c')
create sequence d12s start 1
create sequence d12s start 2
alter table d12 set (fillfactor = 70)
alter table d12 set (fillfactor = 80)

-- reason: names-of-utility
listen d13a
listen d13b
execute d13a (1)
execute d13b (1)
set role d13a
set role d13b

-- reason: literal-rows
insert into d14 (a, b) values (1, 2), (now(), 3)
insert into d14 (a, b) values (now(), 3), (1, 2)
insert into d14 (a, b) values (1, now())
insert into d14 (a, b) values (now(), 1)

-- These agree.
select a, b from d15 order by 1, 2
select a, b from d15 order by 1

select "user" from d16
select user from d16
