tessera_fuzz(recording SOURCES fuzz_recording.c LIBS tessera_recorder)
