foreach(part config ipc metrics)
  tessera_fuzz(base_${part} SOURCES fuzz_base_${part}.c LIBS tessera_base)
endforeach()
