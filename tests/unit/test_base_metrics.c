/* test_base_metrics.c - registry, JSON, merge of rooms and the Prometheus text form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <pthread.h>
#include <string.h>

#include "mcu/base/metrics.h"

static const double bounds[] = {0.01, 0.1, 1};

static void same_name_same_object(void **state)
{
    (void)state;
    mcu_counter *a = mcu_counter_get("t_one_total", NULL, "one");
    assert_ptr_equal(a, mcu_counter_get("t_one_total", "", "again"));
    assert_ptr_not_equal(a, mcu_counter_get("t_one_total", "tier=\"A\"", "one"));
    mcu_counter_add(a, 3);
    assert_int_equal(mcu_counter_value(a), 3);
}

static void *adder(void *arg)
{
    mcu_counter *c = mcu_counter_get("t_threads_total", NULL, "threads");
    mcu_histogram *h = mcu_histogram_get("t_threads_seconds", NULL, "threads", bounds, 3);
    for (int i = 0; i < 5000; i++) {
        mcu_counter_add(c, 1);
        mcu_histogram_observe(h, 0.5);
    }
    return arg;
}

static void adding_from_threads_loses_nothing(void **state)
{
    (void)state;
    pthread_t t[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&t[i], NULL, adder, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
    }
    assert_int_equal(mcu_counter_value(mcu_counter_get("t_threads_total", NULL, NULL)), 20000);
    json_t *all = mcu_metrics_json();
    char *text = mcu_metrics_text(all);
    assert_non_null(strstr(text, "t_threads_seconds_sum 10000\n"));
    g_free(text);
    json_decref(all);
}

static void text_form(void **state)
{
    (void)state;
    json_t *a = json_loads(
        "[{\"name\":\"x_total\",\"type\":\"counter\",\"help\":\"a\\\\b\\nc\",\"label\":\"tier=\\\"A\\\"\",\"value\":2},"
        "{\"name\":\"g\",\"type\":\"gauge\",\"help\":\"gee\",\"label\":\"\",\"value\":-4},"
        "{\"name\":\"x_total\",\"type\":\"counter\",\"help\":\"x\",\"label\":\"tier=\\\"B\\\"\",\"value\":5},"
        "{\"name\":\"h_seconds\",\"type\":\"histogram\",\"help\":\"aitch\",\"label\":\"\",\"bounds\":[0.01,1],"
        "\"counts\":[1,2,3],\"sum\":9.5,\"count\":6}]",
        0, NULL);
    char *text = mcu_metrics_text(a);
    assert_string_equal(text,
                        "# HELP x_total a\\\\b\\nc\n# TYPE x_total counter\nx_total{tier=\"A\"} 2\nx_total{tier=\"B\"} 5\n"
                        "# HELP g gee\n# TYPE g gauge\ng -4\n"
                        "# HELP h_seconds aitch\n# TYPE h_seconds histogram\nh_seconds_bucket{le=\"0.01\"} 1\n"
                        "h_seconds_bucket{le=\"1\"} 3\nh_seconds_bucket{le=\"+Inf\"} 6\nh_seconds_sum 9.5\nh_seconds_count 6\n");
    g_free(text);
    json_decref(a);
}

static void rooms_add_up(void **state)
{
    (void)state;
    mcu_histogram *h = mcu_histogram_get("t_lat_seconds", "tier=\"A\"", "latency", bounds, 3);
    mcu_gauge *g = mcu_gauge_get("t_seats", NULL, "seats");
    mcu_histogram_observe(h, 0.005);
    mcu_histogram_observe(h, 0.01);
    mcu_histogram_observe(h, 5);
    mcu_gauge_set(g, 5);
    mcu_gauge_add(g, -2);
    json_t *sum = json_array();
    json_t *room = mcu_metrics_json();
    mcu_metrics_json_merge(sum, room);
    mcu_metrics_json_merge(sum, room);
    char *text = mcu_metrics_text(sum);
    assert_non_null(strstr(text, "\nt_seats 6\n"));
    assert_non_null(strstr(text, "t_lat_seconds_bucket{tier=\"A\",le=\"0.01\"} 4\n"));
    assert_non_null(strstr(text, "t_lat_seconds_bucket{tier=\"A\",le=\"+Inf\"} 6\n"));
    assert_non_null(strstr(text, "t_lat_seconds_count{tier=\"A\"} 6\n"));
    g_free(text);
    json_decref(room);
    json_decref(sum);
}

static void odd_arrays_change_nothing(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{}",
        "[1, null, \"x\", {}]",
        "[{\"name\":\"a b\",\"type\":\"counter\",\"help\":\"\",\"label\":\"\",\"value\":1}]",
        "[{\"name\":\"a\",\"type\":\"counter\",\"help\":\"\",\"label\":\"\",\"value\":\"1\"}]",
        "[{\"name\":\"a\",\"type\":\"summary\",\"help\":\"\",\"label\":\"\",\"value\":1}]",
        "[{\"name\":\"a\",\"type\":\"counter\",\"help\":\"\",\"label\":\"x=\\\"1\\\"} 5\\nb{y=\\\"2\\\"\",\"value\":1}]",
        "[{\"name\":\"a\",\"type\":\"counter\",\"help\":\"\",\"label\":\"x\",\"value\":1}]",
        "[{\"name\":\"a\",\"type\":\"histogram\",\"help\":\"\",\"label\":\"\",\"bounds\":[1],\"counts\":[1],\"sum\":1,\"count\":"
        "1}]",
        "[{\"name\":\"a\",\"type\":\"histogram\",\"help\":\"\",\"label\":\"\",\"bounds\":[\"1\"],\"counts\":[1,1],\"sum\":1,"
        "\"count\":1}]",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_t *odd = json_loads(rows[i], 0, NULL);
        assert_non_null(odd);
        json_t *sum = json_array();
        mcu_metrics_json_merge(sum, odd);
        assert_int_equal(json_array_size(sum), 0);
        char *text = mcu_metrics_text(odd);
        assert_string_equal(text, "");
        g_free(text);
        json_decref(sum);
        json_decref(odd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_name_same_object), cmocka_unit_test(adding_from_threads_loses_nothing), cmocka_unit_test(text_form),
        cmocka_unit_test(rooms_add_up),          cmocka_unit_test(odd_arrays_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
