foreach(part acodec acore ajitter amix audio line wav)
  tessera_test(mix_${part} SOURCES test_mix_${part}.c audio_kit.c LIBS tessera_mixer)
endforeach()
