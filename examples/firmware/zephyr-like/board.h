/* A Cortex-M4 with the sections of Zephyr: objects of the kernel are gathered in areas of their own. */
#define NODE_LEDS 64
#define NODE_HISTORY 64
#define NODE_FAST_CODE __attribute__((section(".ramfunc"), noinline))
#define NODE_FAST_DATA __attribute__((section(".dtcm_data")))
#define NODE_BIG_BSS __attribute__((section(".dtcm_bss")))
/* As Zephyr names it: with the file in quotes. */
#define NODE_NOINIT __attribute__((section(".noinit.\"led-node/common/crashlog.c\".0")))
