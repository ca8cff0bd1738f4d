/* ATmega328P: 32 KiB flash, 2 KiB RAM, 1 KiB EEPROM. */
#include <avr/pgmspace.h>
#define NODE_LEDS 60
#define NODE_HISTORY 24
#define NODE_NOINIT __attribute__((section(".noinit")))
#define NODE_TABLE PROGMEM
#define NODE_READ8(p) pgm_read_byte(p)
#define NODE_READ16(p) pgm_read_word(p)
