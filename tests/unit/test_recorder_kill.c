/* kill -9 at any instant: at most a second is lost, and what is there opens without repair. A victim is a process that records in
 * real time; 200 of them, 25 at a time. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mcu/base/clock.h"
#include "recorder/recorder.h"
#include "tests/unit/recording_kit.h"

#define AT_ONCE 25
#define PICTURE_BYTES 3000
#define PACKET_BYTES 80
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) /* everything takes several times as long */
#define KILLS 25
#define LOST_MAX_MS 3000
#else
#define KILLS 200
#define LOST_MAX_MS 1000
#endif

typedef struct {
    pid_t pid;
    int fd;
    kit_keys keys;
    int64_t kill_ns;
    atomic_uint *given_ms; /* shared: media that was handed to the recorder */
} victim;

_Noreturn static void be_victim(victim *v)
{
    kit_said said = {0};
    rec_recorder *r = rec_recorder_new(NULL, &v->keys.config, &kit_callbacks, &said, NULL);
    (void)rec_recorder_add_file(r, v->fd, "a", false);
    rec_recorder_begin(r);
    int64_t start_ns = mcu_now_ns();
    for (unsigned ms = 0; ms < 60000; ms += 20) {
        if (ms % 40 == 0) {
            (void)rec_recorder_picture(r, kit_picture(ms / 40, ms % 4000 == 0, PICTURE_BYTES));
        }
        (void)rec_recorder_sound(r, kit_packet(ms / 20, PACKET_BYTES));
        atomic_store(v->given_ms, ms + 20);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        mcu_sleep_until_ns(start_ns + (ms + 20) * MCU_NS_PER_MS);
    }
    _exit(0);
}

static void start(victim *v, unsigned number, uint32_t *seed)
{
    char path[] = "/tmp/tessera-kill-XXXXXX";
    kit_keys_make(&v->keys);
    v->fd = mkstemp(path);
    assert_true(v->fd >= 0);
    unlink(path);
    *seed = *seed * 1664525u + 1013904223u;
    v->kill_ns = mcu_now_ns() + (300 + (int64_t)(*seed >> 8) % 1500 + number % 3) * MCU_NS_PER_MS;
    atomic_store(v->given_ms, 0);
    v->pid = fork();
    assert_true(v->pid >= 0);
    if (v->pid == 0) {
        be_victim(v);
    }
}

/* How much media the kill took, in ms, and how long it took to find out what is left. */
static unsigned finish(victim *v, unsigned *recover_ms)
{
    int status;
    mcu_sleep_until_ns(v->kill_ns);
    kill(v->pid, SIGKILL);
    assert_int_equal(waitpid(v->pid, &status, 0), v->pid);
    assert_true(WIFSIGNALED(status));
    int64_t start_ns = mcu_now_ns();
    rec_reader *r = rec_reader_new(v->fd, v->keys.gateway_public, NULL);
    unsigned given_ms = atomic_load(v->given_ms), proven_ms = 0;
    if (r != NULL) { /* else it died before its header was there, and that was never said to have begun */
        assert_null(rec_reader_proof(r)->damage);
        assert_true(kit_unlock(r, v->fd, &v->keys));
        for (unsigned i = 0; i < rec_reader_proof(r)->n_proven; i++) {
            GByteArray *payload = rec_reader_payload(r, i, NULL);
            assert_non_null(payload);
            g_byte_array_unref(payload);
        }
        proven_ms = (unsigned)(rec_reader_proof(r)->head.media_ns / MCU_NS_PER_MS);
    }
    rec_reader_free(r);
    *recover_ms = MAX(*recover_ms, (unsigned)((mcu_now_ns() - start_ns) / MCU_NS_PER_MS));
    close(v->fd);
    return given_ms - MIN(given_ms, proven_ms);
}

/* Coded media of so much time; parameter sets are not counted. */
static unsigned bytes_of(unsigned ms)
{
    return (ms + 20) / 40 * PICTURE_BYTES + ms / 20 * PACKET_BYTES;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const victim *)a)->kill_ns, y = ((const victim *)b)->kill_ns;
    return x < y ? -1 : x > y;
}

static void test_kills(void **state)
{
    (void)state;
    const char *wish = g_getenv("TESSERA_KILLS");
    unsigned kills = wish != NULL ? (unsigned)atoi(wish) : KILLS, worst_ms = 0, sum_ms = 0, recover_ms = 0, lost_bytes = 0;
    uint32_t seed = (uint32_t)mcu_now_ns();
    atomic_uint *shared = mmap(NULL, AT_ONCE * sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned done = 0;
    for (; done < kills; done += AT_ONCE) {
        victim victims[AT_ONCE];
        for (unsigned i = 0; i < AT_ONCE; i++) {
            victims[i].given_ms = &shared[i];
            start(&victims[i], done + i, &seed);
        }
        qsort(victims, AT_ONCE, sizeof victims[0], by_time);
        for (unsigned i = 0; i < AT_ONCE; i++) {
            unsigned lost_ms = finish(&victims[i], &recover_ms);
            worst_ms = MAX(worst_ms, lost_ms);
            lost_bytes += bytes_of(lost_ms);
            sum_ms += lost_ms;
        }
    }
    print_message("{\"kills\":%u,\"lost_worst_ms\":%u,\"lost_worst_bytes\":%u,\"lost_mean_ms\":%u,\"lost_mean_bytes\":%u,"
                  "\"recover_worst_ms\":%u}\n",
                  done, worst_ms, bytes_of(worst_ms), sum_ms / done, lost_bytes / done, recover_ms);
    assert_in_range(worst_ms, 0, LOST_MAX_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kills)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
