tessera_test(net_sdp SOURCES test_net_sdp.c LIBS tessera_net)
tessera_test(net_offer_answer SOURCES test_net_offer_answer.c LIBS tessera_net)
tessera_test(net_sdp_golden LABEL golden SOURCES test_net_sdp_golden.c LIBS tessera_net)
