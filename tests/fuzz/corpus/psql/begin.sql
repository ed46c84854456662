create table t (begin int, a text);
create function f(begin int) returns int language sql begin atomic select case begin when 1 then 2 end; end;
select 1;
create function starts() returns int language sql begin atomic select t.begin from t; select 1; end;
select 2;
create function begin() returns int language sql as 'select 1';
select 3;
