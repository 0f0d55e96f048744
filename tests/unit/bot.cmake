tessera_test(bot_parts SOURCES test_bot_parts.c LIBS tessera_bot)
