/* log.h - structured log: one line an event, `time level program event key=value ...` to stderr.  Thread: any.
 * Values are ids and figures; names, tokens, addresses of people and SDP never go in. A rate limit per call site (20 a second)
 * keeps a misbehaving peer from filling a disk; what it drops is counted and said. */
#ifndef MCU_BASE_LOG_H
#define MCU_BASE_LOG_H

typedef enum { MCU_LOG_NONE = 0, MCU_LOG_ERROR, MCU_LOG_WARN, MCU_LOG_INFO, MCU_LOG_DEBUG } mcu_log_level;

void mcu_log_init(const char *program, mcu_log_level level); /* level also from TESSERA_LOG=debug|info|warn|error */
/* `event` is a short dotted name ("ice.state"), `fmt` gives "key=value key=value"; use %s with ids only. */
void mcu_log_at(mcu_log_level level, const char *event, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#define mcu_error_log(event, ...) mcu_log_at(MCU_LOG_ERROR, event, __VA_ARGS__)
#define mcu_warn(event, ...) mcu_log_at(MCU_LOG_WARN, event, __VA_ARGS__)
#define mcu_info(event, ...) mcu_log_at(MCU_LOG_INFO, event, __VA_ARGS__)
#define mcu_debug(event, ...) mcu_log_at(MCU_LOG_DEBUG, event, __VA_ARGS__)

#endif
