foreach(part red rtp rtcp twcc feedback h264_rtp vp8_rtp vjitter phone)
  tessera_fuzz(${part} SOURCES fuzz_${part}.c LIBS tessera_net)
endforeach()
tessera_fuzz(h264_params SOURCES fuzz_h264_params.c LIBS tessera_base)
