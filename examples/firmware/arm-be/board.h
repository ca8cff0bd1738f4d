/* A big-endian Cortex-R4 part, with tightly-coupled memories. */
#define NODE_LEDS 100
#define NODE_HISTORY 64
#define NODE_FAST_CODE __attribute__((section(".atcm.text"), noinline))
#define NODE_FAST_DATA __attribute__((section(".btcm.data")))
#define NODE_NOINIT __attribute__((section(".noinit")))
