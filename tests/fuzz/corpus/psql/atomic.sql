create or replace procedure p() language sql begin atomic ; end;
create function "begin"() returns int language sql begin atomic
select case when true then (case 1 when 1 then 2 end) end;

select 2;
end; select 1;
create or replace view begin as select 1; end;
begin; select 1; end;
create or replace rule r as on insert to t do also (select 1; select 2);
