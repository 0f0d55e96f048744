tessera_test(sig_audit SOURCES test_sig_audit.c LIBS tessera_signaling)
tessera_test(sig_rate SOURCES test_sig_rate.c LIBS tessera_signaling)
tessera_test(sig_recording_links SOURCES test_sig_recording_links.c LIBS tessera_signaling)
