select 1a$b$;
select 1e'\', $1e'\', 1_0a$b$;
1e5 create procedure p() begin atomic ; end;
