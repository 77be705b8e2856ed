# find_package(ringsim COMPONENTS prune simulator): each component is a target ringsim::COMPONENT. What was built of
# models/prune alone has no simulator.
include("${CMAKE_CURRENT_LIST_DIR}/ringsimTargets.cmake")
foreach(component IN LISTS ringsim_FIND_COMPONENTS)
  set(ringsim_${component}_FOUND ON)
  if(NOT TARGET ringsim::${component})
    set(ringsim_${component}_FOUND OFF)
    if(ringsim_FIND_REQUIRED_${component})
      set(ringsim_FOUND OFF)
      set(ringsim_NOT_FOUND_MESSAGE "${component} was not installed with it")
    endif()
  endif()
endforeach()
