--
-- Name: x; Type: y
/* a /* nested */ ; comment **/SET standard_conforming_strings = on;
\restrict k
\unrestrict k
select 'a;''b\', "q;""'", E'\';''\';\\', e'x', a$b$c, 1-- ;
 + 2 /* ; */ / 3; select $$;'$$, $_1$ $_$ $$ $_1$;;
create or replace function f(begin int) begin atomic select case 1 when 2 then 3 end;
 select ';'; end;create rule r as (select 1;
select 2);
BEGIN;
ROLLBACK;
COPY "T" ("a") FROM stdin; 	
\N

\\.

.
\.
copy t from stdin with (format text);
\.
COPY t TO stdout;
select 1 from stdin;
set standard_conforming_strings to 'off';
select '\';';
-- end
