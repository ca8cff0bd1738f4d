/* The one function Rust's standard library wants of a library that Wine 8 does not have: random bytes. */
#include <stddef.h>
int __stdcall SystemFunction036(void *buffer, unsigned long length);
__declspec(dllexport) int __stdcall ProcessPrng(void *buffer, size_t length) { return SystemFunction036(buffer, (unsigned long)length); }
