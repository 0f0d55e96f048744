pkg_check_modules(ROOM_GIO REQUIRED IMPORTED_TARGET gio-2.0)
set(ROOM ${PROJECT_SOURCE_DIR}/mcu/room)
tessera_test(room_tier_choice SOURCES test_room_tier_choice.c ${ROOM}/tier_choice.c LIBS tessera_base)
tessera_test(room_stage SOURCES test_room_stage.c ${ROOM}/stage.c LIBS tessera_base)
tessera_test(room_options SOURCES test_room_options.c ${ROOM}/options.c LIBS tessera_base PkgConfig::ROOM_GIO)
# The whole room with net and mixer replaced by fakes that record what they are told.
foreach(part layout rules seats)
  tessera_test(room_${part}
    SOURCES test_room_${part}.c room_kit.c fake_media.c ${ROOM}/canvas.c ${ROOM}/check.c ${ROOM}/options.c ${ROOM}/people.c ${ROOM}/report.c
      ${ROOM}/requests.c ${ROOM}/room.c ${ROOM}/seat.c ${ROOM}/session.c ${ROOM}/share.c ${ROOM}/speaker.c ${ROOM}/stage.c ${ROOM}/still.c ${ROOM}/tier_choice.c ${ROOM}/view.c ${ROOM}/wiring.c
    LIBS tessera_base PkgConfig::ROOM_GIO)
endforeach()
