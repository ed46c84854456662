# shellcheck shell=bash
# What the linker made of the Makefile's flags. Of the release build, whatever PGMUSTER_BINDIR says.

check_hardened() {
	local program=$ROOT/build/bin/$1 all symbols
	all=$(readelf -hldW "$program")
	symbols=$(readelf --dyn-syms -W "$program")
	assert_contains "$all" 'Position-Independent Executable'
	assert_contains "$all" GNU_RELRO
	grep -qE 'FLAGS.*\bBIND_NOW\b|FLAGS_1.*\bNOW\b' <<<"$all" || fail "$1: symbols are bound late"
	grep -qE 'GNU_STACK.* RW ' <<<"$all" || fail "$1: the stack is executable"
	! grep -E ' RWE ' <<<"$all" || fail "$1: memory that can be written and executed"
	! grep -E '\((RPATH|RUNPATH)\)' <<<"$all" | grep -v '\[/nix/store/' || fail "$1: looks for libraries by a path of its own"
	assert_contains "$symbols" __stack_chk_fail
	assert_contains "$symbols" __vsnprintf_chk
}

test_programs_are_hardened() {
	check_hardened pgmuster
	check_hardened pgmuster-gen
}
