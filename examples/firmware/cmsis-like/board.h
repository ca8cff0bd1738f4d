/* A Cortex-M0+ with the start-up code and linker script that CMSIS and many vendors hand out. */
#define NODE_LEDS 32
#define NODE_HISTORY 32
#define NODE_FAST_CODE __attribute__((section(".time_critical.strip"), noinline))
#define NODE_BIG_BSS __attribute__((section(".ram2")))
#define NODE_NOINIT __attribute__((section(".uninitialized_data.crash")))
