/* Section names as ESP-IDF gives them. */
#define NODE_LEDS 300
#define NODE_HISTORY 4096
#define NODE_FAST_CODE __attribute__((section(".iram1.0"), noinline))
#define NODE_FAST_DATA __attribute__((section(".dram1.0")))
#define NODE_BIG_BSS __attribute__((section(".ext_ram.bss")))
#define NODE_NOINIT __attribute__((section(".rtc_noinit")))
#define NODE_SLEEP_DATA __attribute__((section(".rtc.data")))
