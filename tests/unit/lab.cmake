tessera_test(lab SOURCES ${PROJECT_SOURCE_DIR}/tests/network/lab/test_lab.c LIBS tessera_lab)
