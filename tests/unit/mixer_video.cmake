foreach(part layout scale text composite canvas hold decode venc video overload)
  tessera_test(mix_${part} SOURCES test_mix_${part}.c video_kit.c LIBS tessera_mixer)
endforeach()
tessera_test(mix_arrange LABEL golden SOURCES test_mix_arrange.c LIBS tessera_mixer)
