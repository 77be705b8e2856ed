# The prune library as a project of its own: `cmake -S models/prune -B build/prune`. It needs a C++ compiler alone, and
# nvcc for the cuda engine: a machine that trains on GPUs may have nothing else.
option(RINGSIM_WERROR "Treat warnings as errors" OFF)
option(RINGSIM_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(RINGSIM_TESTS "Build the tests of the cuda engine (they need no test library)" ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

cmake_path(GET CMAKE_CURRENT_SOURCE_DIR PARENT_PATH ringsim_root)
cmake_path(GET ringsim_root PARENT_PATH ringsim_root)
list(APPEND CMAKE_MODULE_PATH "${ringsim_root}/cmake")
include(GNUInstallDirs)
find_package(Threads REQUIRED)
include(RingsimCuda)
include(RingsimTarget)
include(RingsimRegistry)

# The part of base/ that the engines use, which needs no library.
ringsim_library(ringsim_base
  SOURCES ${ringsim_root}/base/error.cpp ${ringsim_root}/base/parallel.cpp ${ringsim_root}/base/random.cpp
          ${ringsim_root}/base/text.cpp
  PUBLIC Threads::Threads)
