select E'a''\';';select E'a' '\';
select name'\';
select 1$a$;$a$;
select a$a$;$a$;$a$;
select $1$;select $e'\'';
select 1//* ; */;
select u&'a;\0061', U&"a;""";
select b'1;', x'f;', n'a\';
select 'a'
'b;';
select -- it's
1;
