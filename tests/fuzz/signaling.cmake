foreach(part sdpfrag json schema)
  tessera_fuzz(signaling_${part} SOURCES fuzz_signaling_${part}.c LIBS tessera_signaling)
endforeach()
target_compile_definitions(fuzz_signaling_schema PRIVATE TESSERA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
