# Compile options that hold for all of ringsim. Masks have to be bit-identical on every engine, so contraction to fused
# multiply-add is off everywhere (and -ffast-math nowhere).
include("${CMAKE_CURRENT_LIST_DIR}/RingsimJoin.cmake")
add_library(ringsim_options INTERFACE)
target_compile_features(ringsim_options INTERFACE cxx_std_20)
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH ringsim_root)  # models/prune is a project of its own, too
target_include_directories(ringsim_options INTERFACE "${ringsim_root}")
target_compile_definitions(ringsim_options INTERFACE RINGSIM_VERSION="${PROJECT_VERSION}")
# (CMake 3.25 does not know that nvcc 13 has C++20, hence the plain -std.)
# -Wmaybe-uninitialized is off: g++ 12 reports moved-from variants and Eigen temporaries that are never read; so is
# -Wrestrict, which it reports of every sum of a text and a literal at -O3 (GCC's bug 105651). -Wshadow would mind what
# joined sources say of each other.
target_compile_options(ringsim_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic $<$<NOT:$<BOOL:${RINGSIM_JOIN}>>:-Wshadow> -Wnon-virtual-dtor
  -Wno-maybe-uninitialized -Wno-restrict -ffp-contract=off>
  $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20 -fmad=false -Xcompiler=-Wall,-Wextra,-ffp-contract=off>)
# No folder of the machine that builds it gets into a release, nor the numbers by which nvcc names files that it does not
# keep.
target_compile_options(ringsim_options INTERFACE
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:Release>>:-ffile-prefix-map=${ringsim_root}=.>
  $<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<CONFIG:Release>>:-Xcompiler=-ffile-prefix-map=${ringsim_root}=.
  --keep --keep-dir=$<TARGET_PROPERTY:BINARY_DIR>>)
# What a release that is given strange files does not have to trust itself with. -D_GLIBCXX_ASSERTIONS is not here: it
# checks every index of the inner loops.
include(CheckCXXCompilerFlag)
set(ringsim_hardening -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
foreach(flag -fstack-clash-protection -fcf-protection)
  check_cxx_compiler_flag(${flag} ringsim_has${flag})
  if(ringsim_has${flag})
    list(APPEND ringsim_hardening ${flag})
  endif()
endforeach()
target_compile_options(ringsim_options INTERFACE
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:Release>>:${ringsim_hardening}>)
target_link_options(ringsim_options INTERFACE $<$<CONFIG:Release>:-Wl,-z,relro,-z,now>)
if(RINGSIM_WERROR)
  target_compile_options(ringsim_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>
    $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings -Xcompiler=-Werror>)
endif()
if(RINGSIM_SANITIZE)
  # asan-stack=0: throwing inside a SimGrid actor gives a false stack-buffer-underflow otherwise.
  target_compile_options(ringsim_options INTERFACE
    -fsanitize=address $<$<NOT:$<BOOL:$<TARGET_PROPERTY:ringsim_is_test>>>:-fsanitize=undefined>
    -fno-sanitize-recover=all -fno-omit-frame-pointer --param=asan-stack=0)
  if(NOT RINGSIM_SANITIZE_TWICE)
    # AddressSanitizer stops where these are read or written; looking before each access takes a quarter of the time to
    # compile.
    target_compile_options(ringsim_options INTERFACE -fno-sanitize=null,object-size)
  endif()
  target_link_options(ringsim_options INTERFACE -fsanitize=address,undefined)
endif()
if(RINGSIM_THREAD_SANITIZER)
  target_compile_options(ringsim_options INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(ringsim_options INTERFACE -fsanitize=thread)
endif()
if(RINGSIM_FUZZ)
  # Conversions of numbers that no integer holds are undefined, too, and not among what "undefined" names.
  set(ringsim_fuzz_options -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow -fno-sanitize-recover=all)
  target_compile_options(ringsim_options INTERFACE ${ringsim_fuzz_options} -fno-omit-frame-pointer
                         -Wno-unknown-warning-option)
  target_link_options(ringsim_options INTERFACE ${ringsim_fuzz_options})
endif()

# Half of a source's compile time goes into these headers, so each target has them precompiled. Sources include what they
# use all the same: clang-tidy reads them without (tools/tidy), and so does -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON.
set(ringsim_precompiled_headers
    <algorithm> <array> <charconv> <cmath> <cstdint> <filesystem> <fstream> <functional> <map> <memory> <optional> <set>
    <span> <sstream> <string> <string_view> <unordered_map> <utility> <variant> <vector>
    $<$<TARGET_EXISTS:fmt::fmt>:<fmt/format.h$<ANGLE-R>>)

# ringsim_precompile(TARGET [HEADERS...]): those headers and more.
function(ringsim_precompile target)
  target_precompile_headers(${target} PRIVATE ${ringsim_precompiled_headers} ${ARGN})
  cmake_language(EVAL CODE "cmake_language(DEFER CALL ringsim_leave_out_of_precompiling ${target})")
endfunction()

# Sources with compile options of their own cannot use what was compiled without these.
function(ringsim_leave_out_of_precompiling target)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    get_source_file_property(options "${source}" COMPILE_OPTIONS)
    if(options)
      set_source_files_properties("${source}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
endfunction()

# ringsim_library(NAME sources... [PUBLIC libs...] [PRIVATE libs...]): one static library per folder.
function(ringsim_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${name} PUBLIC ringsim_options ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  ringsim_precompile(${name})
  ringsim_join(${name})
endfunction()

# ringsim_loads_modules(TARGET): the modules that it may load are built with it.
function(ringsim_loads_modules target)
  if(RINGSIM_SIMGRID)
    add_dependencies(${target} ringsim_simgrid)
  endif()
endfunction()

# ringsim_built_path(VARIABLE PATH): where a program of this build finds PATH. In a release that is relative to its folder
# (all are built two folders below the build's), so that the same sources give the same program wherever they lie.
function(ringsim_built_path variable path)
  file(RELATIVE_PATH relative "${PROJECT_BINARY_DIR}/tools/ringsim" "${path}")
  set(${variable} "$<IF:$<CONFIG:Release>,${relative},${path}>" PARENT_SCOPE)
endfunction()

# All tests in C++, and what they need: a part of what is built. ctest knows them by the label "unit".
if(RINGSIM_TESTS)
  add_custom_target(unit_tests)
endif()

# ringsim_test(NAME [OFTEN_WITHOUT_SANITIZERS] SOURCES... [FEWER_WITH_SANITIZERS sources...] LIBRARIES...): one executable
# per folder of tests; one ctest entry per case, each in a process of its own. FEWER_WITH_SANITIZERS: sources of which some
# cases take fewer random inputs there, or none, so that the build beside one with sanitizers has them, too.
# OFTEN_WITHOUT_SANITIZERS: it is no part of unit_tests and its label in a build with sanitizers, since what it tests
# takes long to compile there.
function(ringsim_test name)
  cmake_parse_arguments(arg "OFTEN_WITHOUT_SANITIZERS" "" "SOURCES;FEWER_WITH_SANITIZERS;LIBRARIES" ${ARGN})
  if(RINGSIM_SANITIZED_ELSEWHERE AND NOT arg_OFTEN_WITHOUT_SANITIZERS)
    set(arg_SOURCES "")
  endif()
  list(APPEND arg_SOURCES ${arg_FEWER_WITH_SANITIZERS})
  if(NOT arg_SOURCES)
    return()
  endif()
  # CMake takes a semicolon for the end of a name, and the test of half a name runs no case and passes.
  foreach(source ${arg_SOURCES})
    file(STRINGS "${source}" bad REGEX "TEST_CASE\\(\"[^\"]*;")
    if(bad)
      message(FATAL_ERROR "${source}: a test case with a semicolon in its name: ${bad}")
    endif()
  endforeach()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ringsim_options ringsim_test_main ${arg_LIBRARIES})
  # The tests' own arithmetic is not what sanitizers look at: it would take two fifths of the time to compile.
  set_target_properties(${name} PROPERTIES ringsim_is_test ON)
  ringsim_precompile(${name} <catch2/catch.hpp>)
  ringsim_join(${name})
  set(label LABELS unit)
  if(arg_OFTEN_WITHOUT_SANITIZERS AND RINGSIM_SANITIZE)
    set(label "")
  else()
    add_dependencies(unit_tests ${name})
    ringsim_loads_modules(unit_tests)
  endif()
  set(skipped "")
  if(NOT RINGSIM_SIMGRID)
    # What sim/backend/without_simgrid.cpp says, in lines as Catch breaks them: the case compares with SimGrid.
    set(skipped SKIP_REGULAR_EXPRESSION "without[^a-z]*SimGrid")
  endif()
  catch_discover_tests(${name} TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST PROPERTIES ${label} TIMEOUT 300 ${skipped})
endfunction()
