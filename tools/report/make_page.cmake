# Makes OUTPUT of SOURCE: fetches the packages of npm into the folder that this runs in, where they have changed, and
# bundles. Where that fails, for want of a network, the page is left out with a warning, unless it is REQUIRED.
# Usage: cmake -DSOURCE=... -DOUTPUT=... -DNODE=... -DNPM=... -DREQUIRED=ON|OFF -P make_page.cmake
set(fetched "node_modules/.package-lock.json")
set(fetch "")
if("${SOURCE}/package-lock.json" IS_NEWER_THAN "${fetched}")  # or the latter is missing
  set(fetch COMMAND "${NPM}" ci --ignore-scripts --no-audit --no-fund)
endif()
get_filename_component(folder "${OUTPUT}" DIRECTORY)
file(MAKE_DIRECTORY "${folder}")
# Node looks for packages beside the script.
file(COPY "${SOURCE}/package.json" "${SOURCE}/package-lock.json" "${SOURCE}/build.mjs" DESTINATION "${CMAKE_CURRENT_BINARY_DIR}")

set(result 0)
if(fetch)
  execute_process(${fetch} RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
  file(TOUCH_NOCREATE "${fetched}")
endif()
if(result EQUAL 0)
  execute_process(COMMAND "${NODE}" build.mjs "${SOURCE}" "${OUTPUT}"
                  RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
endif()
if(NOT result EQUAL 0)
  set(kind WARNING)
  if(REQUIRED)
    set(kind FATAL_ERROR)
  endif()
  message(${kind} "The page of reports could not be made; -DRINGSIM_REPORT=OFF builds without it:\n${said}")
endif()
