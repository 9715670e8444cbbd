# Warnings are errors on gcc and clang alike; sanitizers and coverage by cache variable.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(JIELI_SANITIZE "" CACHE STRING "sanitizers, comma separated: address,undefined or thread")
option(JIELI_FUZZ "build the libFuzzer targets (clang only)" OFF)
option(JIELI_COVER "instrument for coverage" OFF)

add_library(jieli_options INTERFACE)
target_compile_definitions(jieli_options INTERFACE _GNU_SOURCE)
target_include_directories(jieli_options INTERFACE ${CMAKE_SOURCE_DIR}/common ${CMAKE_SOURCE_DIR})

add_library(jieli_warnings INTERFACE)
target_compile_options(jieli_warnings INTERFACE
  -Werror -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wcast-align
  -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wformat=2 -Wundef -Wwrite-strings -Wvla
  -Wswitch-enum -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough -fno-common)

if(JIELI_SANITIZE)
  add_compile_options(-fsanitize=${JIELI_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${JIELI_SANITIZE})
  # gcc's -Wnull-dereference and -Wmaybe-uninitialized report false paths under sanitizers.
  target_compile_options(jieli_warnings INTERFACE -Wno-null-dereference)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(jieli_warnings INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(JIELI_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(JIELI_COVER)
  add_compile_options(--coverage -O0)
  add_link_options(--coverage)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  add_link_options(-Wl,-z,relro,-z,now)
  if(CMAKE_INTERPROCEDURAL_OPTIMIZATION AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # Warnings there are errors as well, but for one: gcc folds functions that read alike and then
    # takes what one of them returns for what the other does.
    add_link_options(-Werror -Wno-stringop-overread)
  endif()
endif()
