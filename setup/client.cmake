# The web client as the programs serve and install it: TESSERA_CLIENT, beside bin, where tessera looks for it.
find_program(ESBUILD esbuild)
if(NOT ESBUILD)
  message(STATUS "no esbuild: the web client is served as single modules")
  set(ESBUILD "")
endif()
set(TESSERA_CLIENT ${CMAKE_BINARY_DIR}/assets)
file(GLOB_RECURSE CLIENT_FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/assets/web/* ${PROJECT_SOURCE_DIR}/assets/api/*
  ${PROJECT_SOURCE_DIR}/assets/layouts/*)
add_custom_command(OUTPUT ${TESSERA_CLIENT}/web/index.html
  COMMAND ${PROJECT_SOURCE_DIR}/setup/client.sh ${PROJECT_SOURCE_DIR}/assets ${TESSERA_CLIENT} ${ESBUILD}
  DEPENDS ${CLIENT_FILES} ${PROJECT_SOURCE_DIR}/setup/client.sh
  COMMENT "Bundling the web client" VERBATIM)
add_custom_target(tessera-client ALL DEPENDS ${TESSERA_CLIENT}/web/index.html)
