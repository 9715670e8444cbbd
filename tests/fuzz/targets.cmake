# One line a target, in the order of names; each has at least one file in corpus/<name>:
# add_fuzz_target(NAME x SOURCE x_fuzz.c LIBS jieli_y)
add_fuzz_target(NAME rules_text SOURCE rules_text_fuzz.c LIBS jieli_rules)
