tessera_test(net_transport SOURCES test_net_transport.c LIBS tessera_net)
tessera_test(net_peer SOURCES test_net_peer.c net_pair.c LIBS tessera_net)
tessera_test(net_connect SOURCES test_net_connect.c net_pair.c LIBS tessera_net)
tessera_test(net_hostile SOURCES test_net_hostile.c net_pair.c LIBS tessera_net)
