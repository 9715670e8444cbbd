# The part of the rules that reads text and counts days; the engine's sources are listed beside it.
set(RULES_DATA_SOURCES civil.c textfile.c calendar.c deadline.c policy.c policy_value.c checklist.c
  catalogue.c catalogue_attribute.c catalogue_parse.c catalogue_words.c stations.c)
set(RULES_DATA_TESTS rules_data_test.c rules_catalogue_test.c rules_files_test.c
  rules_stations_test.c)
