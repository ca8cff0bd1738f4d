/* ESP8266: constants must be in RAM unless they are placed in flash by hand, and read there 32 bits at a time. */
#define NODE_LEDS 120
#define NODE_HISTORY 128
