/* A 64-bit RISC-V part that runs from a ROM; all its memory lies above 4 GiB. */
#define NODE_LEDS 512
#define NODE_HISTORY 8192
#define NODE_FAST_CODE __attribute__((section(".itim"), noinline))
#define NODE_NOINIT __attribute__((section(".noinit")))
