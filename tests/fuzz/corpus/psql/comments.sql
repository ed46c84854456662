-- aselect 1 -- b';
-- c
select 2;
