tessera_test(net_peer SOURCES test_net_peer.c net_pair.c LIBS tessera_net)
