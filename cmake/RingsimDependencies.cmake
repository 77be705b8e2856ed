# Every library is a Debian 12 package; tools/packages lists them.
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(CLI11 2.1 REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(Deflate REQUIRED IMPORTED_TARGET libdeflate>=1.14)

if(RINGSIM_IMPORT)
  find_package(pugixml 1.12 REQUIRED)
  find_package(yaml-cpp 0.7 REQUIRED)
endif()

if(RINGSIM_SIMGRID)
  pkg_check_modules(SimGrid REQUIRED IMPORTED_TARGET simgrid>=3.32)
endif()

include(RingsimCuda)

if(RINGSIM_TESTS)
  find_package(Catch2 2.13 REQUIRED)
  include(Catch)
endif()
