tessera_fuzz(lab SOURCES fuzz_lab.c LIBS tessera_lab)
