# With RINGSIM_JOIN a library or test has its sources compiled up to 8 in one file where no names clash (joining.py): a
# whole build with sanitizers takes half the time. What a source forgets to include it may find in another one, so the
# dev preset goes without.
function(ringsim_join target)
  if(RINGSIM_JOIN)
    cmake_language(EVAL CODE "cmake_language(DEFER DIRECTORY [[${PROJECT_SOURCE_DIR}]] CALL ringsim_join_now ${target})")
  endif()
endfunction()

# When all folders have added their sources.
function(ringsim_join_now target)
  get_target_property(stay_alone ${target} ringsim_sources_stay_alone)
  if(stay_alone)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  get_target_property(folder ${target} SOURCE_DIR)
  set(paths "")
  foreach(source ${sources})
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${folder}" NORMALIZE)
    # A generated table stays alone: an executable may have one in its place (ringsim_extended_registry).
    if(source MATCHES "\\.cpp$" AND NOT source MATCHES "_registry\\.cpp$")
      list(APPEND paths "${source}")
    endif()
  endforeach()
  execute_process(COMMAND python3 "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/joining.py" "${PROJECT_SOURCE_DIR}" 8 ${paths}
                  OUTPUT_VARIABLE lines OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" "|" lines "${lines}")
  string(REPLACE ";" "=" lines "${lines}")
  string(REPLACE "|" ";" lines "${lines}")
  foreach(line ${lines})
    string(REGEX MATCH "^([0-9]+)=(.*)$" line "${line}")
    set_source_files_properties("${CMAKE_MATCH_2}" TARGET_DIRECTORY ${target} PROPERTIES UNITY_GROUP ${CMAKE_MATCH_1})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()
