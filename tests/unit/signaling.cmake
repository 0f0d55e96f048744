tessera_test(sig_rate SOURCES test_sig_rate.c LIBS tessera_signaling)
