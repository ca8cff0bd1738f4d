/* What the compiler may call on boards without a C library. */
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n) {
    char *out = to;
    const char *in = from;
    while (n--) {
        *out++ = *in++;
    }
    return to;
}

void *memset(void *at, int value, size_t n) {
    char *out = at;
    while (n--) {
        *out++ = (char)value;
    }
    return at;
}
