# `cpack -G DEB` (in the build folder) packs what is installed for Debian 12. With SOURCE_DATE_EPOCH set the same build
# gives the same package.
set(CPACK_PACKAGE_NAME ringsim)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "The authors of ringsim <ringsim@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "simulator of gradient exchange in distributed training")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "ringsim trains networks over simulated GPUs, really prunes their gradients, and
 simulates what exchanging them takes on a network whose links are written
 down: does pruning pay, in seconds, in bytes, in accuracy?")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/cmake/debian/triggers")
set(CPACK_DEBIAN_PACKAGE_DEPENDS python3)  # the plots and the module
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "dataset-fashion-mnist, python3-matplotlib")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
