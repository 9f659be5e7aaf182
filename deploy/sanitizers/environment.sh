# Sourced with the name of a preset: sets the options under which a sanitizer build runs.
case ${1:-default} in
  asan)
    export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1
    export UBSAN_OPTIONS=print_stacktrace=1
    export LSAN_OPTIONS=suppressions=$PWD/deploy/sanitizers/lsan.supp:print_suppressions=0
    ;;
  tsan)
    export TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=$PWD/deploy/sanitizers/tsan.supp:halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1
    ;;
esac
