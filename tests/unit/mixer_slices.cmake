pkg_check_modules(VDEC_X264 REQUIRED IMPORTED_TARGET x264)
tessera_test(mix_slices SOURCES test_mix_slices.c LIBS tessera_mixer PkgConfig::VDEC_X264)
