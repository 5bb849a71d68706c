# Installs headers, libraries, tools and the package files that find_package(quantc) reads. An installed tree needs the
# same Debian packages as the build, and nothing of the source tree (test/package shows it).
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/quantc")
get_property(libraries GLOBAL PROPERTY QUANTC_LIBRARIES)
install(TARGETS ${libraries} EXPORT quantcTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
# LLVM's shared libraries are in no default search path.
get_property(tools GLOBAL PROPERTY QUANTC_TOOLS)
set_target_properties(${tools} PROPERTIES INSTALL_RPATH "${LLVM_LIBRARY_DIR}")
install(EXPORT quantcTargets NAMESPACE quantc:: DESTINATION "${package_dir}")

foreach(root IN ITEMS "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}")
  install(DIRECTORY "${root}/include/quantc" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.def" PATTERN "*.inc" PATTERN "CMakeFiles" EXCLUDE)
endforeach()
install(DIRECTORY "${CMAKE_SOURCE_DIR}/recipes" DESTINATION "${CMAKE_INSTALL_DATADIR}/quantc")
install(FILES "${CMAKE_SOURCE_DIR}/LICENSE" "${CMAKE_SOURCE_DIR}/docs/report.schema.json"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/quantc")

configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/quantcConfig.cmake.in" "${CMAKE_BINARY_DIR}/quantcConfig.cmake"
  INSTALL_DESTINATION "${package_dir}" PATH_VARS CMAKE_INSTALL_BINDIR)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/quantcConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/quantcConfig.cmake" "${CMAKE_BINARY_DIR}/quantcConfigVersion.cmake"
  DESTINATION "${package_dir}")
