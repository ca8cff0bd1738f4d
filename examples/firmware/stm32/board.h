/* STM32F407: 1 MiB flash, 128 KiB RAM, 64 KiB core-coupled RAM, 4 KiB backup RAM. */
#define NODE_LEDS 144
#define NODE_HISTORY 256
#define NODE_EFFECTS 1
#define NODE_FAST_CODE __attribute__((section(".ramfunc"), noinline))
#define NODE_FAST_DATA __attribute__((section(".ccmdata")))
#define NODE_BIG_BSS __attribute__((section(".ccmbss")))
#define NODE_NOINIT __attribute__((section(".noinit")))
