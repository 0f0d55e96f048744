/* Preloaded, AES-GCM through libcrypto's EVP encrypts nothing: for the test that looks for plaintext to show that it would find
 * some. What others decrypt (DTLS, TLS) takes other functions and stays whole. */
#include <dlfcn.h>
#include <openssl/evp.h>
#include <string.h>

int EVP_EncryptUpdate(EVP_CIPHER_CTX *c, unsigned char *out, int *out_size, const unsigned char *in, int in_size)
{
    static int (*real)(EVP_CIPHER_CTX *, unsigned char *, int *, const unsigned char *, int);
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "EVP_EncryptUpdate");
    }
    int ok = real(c, out, out_size, in, in_size);
    if (ok == 1 && out != NULL && EVP_CIPHER_CTX_get_mode(c) == EVP_CIPH_GCM_MODE) {
        memcpy(out, in, (size_t)in_size);
    }
    return ok;
}
