/* metrics.h - counters, gauges and histograms of this process.  Thread: any (atomics); registration and rendering take a leaf lock.
 * Names are Prometheus names; a label set is at most one fixed key="value" pair written at registration ("tier=\"A\"");
 * never a room or participant. A room process renders them as JSON, the gateway sums the rooms and serves the text form. */
#ifndef MCU_BASE_METRICS_H
#define MCU_BASE_METRICS_H

#include <jansson.h>
#include <stdint.h>

typedef struct mcu_counter mcu_counter;
typedef struct mcu_gauge mcu_gauge;
typedef struct mcu_histogram mcu_histogram;

/* Registering the same name + label again returns the same object. They live as long as the process. `label` may be NULL. */
mcu_counter *mcu_counter_get(const char *name, const char *label, const char *help);
mcu_gauge *mcu_gauge_get(const char *name, const char *label, const char *help);
/* bounds: ascending upper limits in the unit that the name ends with (usually _seconds), n <= 16. */
mcu_histogram *mcu_histogram_get(const char *name, const char *label, const char *help, const double *bounds, unsigned n);

void mcu_counter_add(mcu_counter *c, uint64_t n);
uint64_t mcu_counter_value(const mcu_counter *c);
void mcu_gauge_set(mcu_gauge *g, int64_t v);
void mcu_gauge_add(mcu_gauge *g, int64_t v);
void mcu_histogram_observe(mcu_histogram *h, double v);

/* [{"name","type","help","label","value"} | {...,"bounds":[..],"counts":[..],"sum","count"}] ; caller owns the reference. */
json_t *mcu_metrics_json(void);
/* Adds one array from mcu_metrics_json() to another, by name and label (gauges and counters add up). Both borrowed; `into` changes. */
void mcu_metrics_json_merge(json_t *into, const json_t *from);
/* Prometheus text exposition format 0.0.4 of such an array; free with g_free. */
char *mcu_metrics_text(const json_t *array);

#endif
