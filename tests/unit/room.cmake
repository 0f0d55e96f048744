pkg_check_modules(ROOM_GIO REQUIRED IMPORTED_TARGET gio-2.0)
set(ROOM ${PROJECT_SOURCE_DIR}/mcu/room)
tessera_test(room_tier_choice SOURCES test_room_tier_choice.c ${ROOM}/ladder.c ${ROOM}/tier_choice.c LIBS tessera_base PkgConfig::ROOM_GIO)
tessera_test(room_audio_choice SOURCES test_room_audio_choice.c ${ROOM}/audio_choice.c LIBS tessera_base)
tessera_test(room_ease SOURCES test_room_ease.c ${ROOM}/ease.c LIBS tessera_base)
tessera_test(room_lost_sound SOURCES test_room_lost_sound.c ${ROOM}/lost_sound.c LIBS tessera_base)
tessera_test(room_stage SOURCES test_room_stage.c ${ROOM}/stage.c LIBS tessera_base)
tessera_test(room_options SOURCES test_room_options.c ${ROOM}/options.c ${ROOM}/keypad.c ${ROOM}/ladder.c ${ROOM}/tier_choice.c LIBS tessera_base PkgConfig::ROOM_GIO)
tessera_test(room_splice SOURCES test_room_splice.c fake_media.c fake_net.c fake_video.c ${ROOM}/splice.c LIBS tessera_base PkgConfig::ROOM_GIO)
tessera_test(room_keypad SOURCES test_room_keypad.c ${ROOM}/keypad.c LIBS tessera_base)
# The whole room with net and mixer replaced by fakes that record what they are told.
# One a line, sorted: what a room is but for its media.
set(ROOM_FILES
  ${ROOM}/audio_choice.c
  ${ROOM}/canvas.c
  ${ROOM}/caption.c
  ${ROOM}/check.c
  ${ROOM}/ease.c
  ${ROOM}/freeze.c
  ${ROOM}/keypad.c
  ${ROOM}/ladder.c
  ${ROOM}/larger.c
  ${ROOM}/leg.c
  ${ROOM}/leg_figures.c
  ${ROOM}/leg_keys.c
  ${ROOM}/leg_pictures.c
  ${ROOM}/leg_reader.c
  ${ROOM}/leg_requests.c
  ${ROOM}/leg_say.c
  ${ROOM}/lost_sound.c
  ${ROOM}/options.c
  ${ROOM}/people.c
  ${ROOM}/receiver_requests.c
  ${ROOM}/record.c
  ${ROOM}/record_people.c
  ${ROOM}/record_requests.c
  ${ROOM}/record_said.c
  ${ROOM}/record_slate.c
  ${ROOM}/report.c
  ${ROOM}/requests.c
  ${ROOM}/room.c
  ${ROOM}/seat.c
  ${ROOM}/seat_sound.c
  ${ROOM}/session.c
  ${ROOM}/session_picture.c
  ${ROOM}/session_tier.c
  ${ROOM}/share.c
  ${ROOM}/speaker.c
  ${ROOM}/splice.c
  ${ROOM}/stage.c
  ${ROOM}/still.c
  ${ROOM}/tier_choice.c
  ${ROOM}/view.c
  ${ROOM}/wiring.c
)
foreach(part freeze layout legs record record_own rules seats sound)
  tessera_test(room_${part}
    SOURCES test_room_${part}.c room_kit.c record_kit.c record_feed.c recording_kit.c fake_media.c fake_net.c fake_video.c fake_audio.c fake_call.c ${ROOM_FILES}
    LIBS tessera_recorder PkgConfig::ROOM_GIO)
endforeach()
# An hour of it in simulated time, with the real picture half of the mixer. Too long for the sanitizers, which have its parts elsewhere.
tessera_test(room_hour LABEL long
  SOURCES test_room_hour.c sim_room.c sim_check.c room_kit.c record_kit.c recording_kit.c fake_media.c fake_net.c fake_audio.c fake_call.c ${ROOM_FILES}
  LIBS tessera_mixer tessera_recorder PkgConfig::ROOM_GIO)
target_link_options(test_room_hour PRIVATE -Wl,--wrap=mix_video_deliver -Wl,--wrap=sem_wait)
# The same with real media, over loopback.
tessera_test(room_phone SOURCES test_room_phone.c audio_kit.c LIBS tessera_room)
# What is sent, over modelled links in simulated time.
set(WEAK_ROOM weak_room.c weak_far.c weak_mixer.c link_model.c
    ${CMAKE_SOURCE_DIR}/mixer/keybank.c ${ROOM}/audio_choice.c ${ROOM}/ladder.c ${ROOM}/tier_choice.c ${ROOM}/view.c)
foreach(name room_weak_link room_fallen_line room_link_change room_stumbles)
  tessera_test(${name} SOURCES test_${name}.c ${WEAK_ROOM} LIBS tessera_net PkgConfig::ROOM_GIO m)
endforeach()
