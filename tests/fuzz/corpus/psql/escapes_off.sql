set standard_conforming_strings = off;
select '\'';', 'a\\';select b'1', x'f';select n'\';';
select U&'a;', U&"a;";
set standard_conforming_strings = on;
select '\';
