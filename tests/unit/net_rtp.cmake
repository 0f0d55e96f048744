foreach(part rtp rtcp twcc)
  tessera_test(net_${part} SOURCES test_net_${part}.c LIBS tessera_net)
endforeach()
