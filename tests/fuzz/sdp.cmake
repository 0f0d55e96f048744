tessera_fuzz(sdp SOURCES fuzz_sdp.c LIBS tessera_net)
