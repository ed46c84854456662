copy t from stdin;
1
\.
copy t (a) /* ; */ from -- ;
stdin with (format csv);
"a
b;"
'
\.
begin;copy "T" from stdin;
\.
commit;
copy (select 1) to stdout;
