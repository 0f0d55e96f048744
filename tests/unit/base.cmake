foreach(part config decode_limits ipc layout leg log mailbox media metrics queues sandbox sealing timers workers)
  tessera_test(base_${part} SOURCES test_base_${part}.c LIBS tessera_base)
endforeach()
target_link_options(test_base_mailbox PRIVATE -Wl,--wrap=write)
