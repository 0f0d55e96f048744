tessera_fuzz(audio SOURCES fuzz_audio.c LIBS tessera_mixer)
