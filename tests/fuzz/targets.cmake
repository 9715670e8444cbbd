# One line a target, in the order of names; each has at least one file in corpus/<name>:
# add_fuzz_target(NAME x SOURCE x_fuzz.c LIBS jieli_y)
add_fuzz_target(NAME fold_leaves SOURCE fold_leaves_fuzz.c LIBS jieli_fold)
add_fuzz_target(NAME rules_text SOURCE rules_text_fuzz.c LIBS jieli_rules)
add_fuzz_target(NAME sync SOURCE sync_fuzz.c LIBS jieli_sync)
add_fuzz_target(NAME wire_event SOURCE wire_event_fuzz.c LIBS jieli_wire)
add_fuzz_target(NAME wire_frame SOURCE wire_frame_fuzz.c LIBS jieli_wire)
add_fuzz_target(NAME wire_json SOURCE wire_json_fuzz.c LIBS jieli_wire)
add_fuzz_target(NAME wire_leaf SOURCE wire_leaf_fuzz.c LIBS jieli_wire)
add_fuzz_target(NAME wire_sealed SOURCE wire_sealed_fuzz.c LIBS jieli_wire)

# Not a target: writes the corpus of the five anew.
add_fuzz_program(wire_seeds wire_seeds.c ../unit/wire_samples.c ../unit/wire_samples_frames.c)
target_include_directories(wire_seeds PRIVATE ../unit)
target_link_libraries(wire_seeds PRIVATE jieli_wire jieli_tlog)
