/* fuzz_recording.c - any file as a segment of a recording: read, proven, its payloads taken for fragments. The first 8 KiB, the
 * key page, are left out of the input: a hash of their own keeps a fuzzer from getting anywhere in them. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "recorder/fmp4.h"
#include "recorder/movie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("segment", MFD_CLOEXEC);
    }
    uint8_t key[32] = {0};
    if (fd < 0 || size > 256 * 1024 || ftruncate(fd, 0) != 0 || ftruncate(fd, MCU_KEY_PAGE) != 0 ||
        pwrite(fd, data, size, MCU_KEY_PAGE) != (ssize_t)size) {
        return 0;
    }
    rec_reader *r = rec_reader_new(fd, key, NULL);
    if (r == NULL) {
        return 0;
    }
    (void)rec_reader_unlock(r, key);
    for (unsigned i = 0; i < rec_reader_proof(r)->n; i++) {
        GByteArray *payload = rec_reader_payload(r, i, NULL);
        if (payload != NULL) {
            (void)rec_fmp4_shift(payload->data, payload->len, i, 1000000);
            rec_fmp4_sound_from_key(payload->data, payload->len);
            (void)rec_fmp4_set_length(payload->data, payload->len, 1000000);
            g_byte_array_unref(payload);
        }
    }
    rec_movie *m = rec_movie_new(&r, 1, NULL);
    rec_movie_free(m);
    rec_reader_free(r);
    return 0;
}
