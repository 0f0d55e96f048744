/* What a caller does by keys: one's own mute, hand, volume, consent, leaving; the rest goes to the gateway as it is. */
#include "mcu/base/clock.h"
#include "mcu/room/leg_private.h"

static void report_command(mcu_leg *l, const char *command, int on)
{
    json_t *m = json_pack("{ss ss ss ss}", "type", "keypad", "seat", l->seat->id, "session", l->id, "command", command);
    if (on >= 0) {
        json_object_set_new(m, "on", json_boolean(on));
    }
    mcu_room_send(l->room, m, NULL);
}

static void change_volume(mcu_leg *l, int by)
{
    l->volume = CLAMP(l->volume + by, -MCU_LEG_VOLUME_STEPS, MCU_LEG_VOLUME_STEPS);
    mcu_leg_apply_volume(l);
    report_command(l, by > 0 ? "louder" : "quieter", -1);
}

static void obey(mcu_leg *l, mcu_keypad_command command)
{
    switch (command) {
    case MCU_KEYPAD_MUTE:
        l->audio_on = l->seat->muted || !l->audio_on; /* under a host's mute the key says that one would like to speak */
        mcu_leg_apply_state(l);
        report_command(l, "mute", l->seat->muted || !l->audio_on);
        break;
    case MCU_KEYPAD_HAND:
        l->hand = !l->hand;
        mcu_people_changed(l->room);
        report_command(l, "hand", l->hand);
        break;
    case MCU_KEYPAD_QUIETER:
        change_volume(l, -1);
        break;
    case MCU_KEYPAD_LOUDER:
        change_volume(l, 1);
        break;
    case MCU_KEYPAD_CONSENT_YES:
    case MCU_KEYPAD_CONSENT_NO:
        report_command(l, "consent", command == MCU_KEYPAD_CONSENT_YES);
        break;
    case MCU_KEYPAD_LEAVE:
        report_command(l, "leave", -1);
        mcu_leg_end(l, "keypad");
        break;
    case MCU_KEYPAD_NONE:
    case MCU_KEYPAD_COMMANDS:
        break;
    }
}

void mcu_leg_key(mcu_leg *l, char key)
{
    char plain[3];
    if (l->state == LEG_GONE) {
        return;
    }
    mcu_counter_add(l->keys, 1);
    mcu_keypad_command command = mcu_keypad_push(&l->keypad, &l->room->options.keypad, key, mcu_now_ns(), plain);
    for (const char *k = plain; *k != '\0'; k++) {
        mcu_room_send(l->room,
                      json_pack("{ss ss ss ss#}", "type", "dtmf", "seat", l->seat->id, "session", l->id, "key", k, (size_t)1),
                      NULL);
    }
    obey(l, command);
}
