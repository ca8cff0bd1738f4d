/* A small LED audio visualiser: microphone -> FFT -> eight bands -> LED strip.
 * The product is the same on every board; `board.h` says where its parts are placed. */
#ifndef NODE_H
#define NODE_H

#include <stddef.h>
#include <stdint.h>

#include "board.h"

#define NODE_BANDS 8

/* Placement. A board that has no such memory leaves the macro out. */
#ifndef NODE_FAST_CODE /* code that runs from RAM */
#define NODE_FAST_CODE
#endif
#ifndef NODE_FAST_DATA /* initialised data in the fastest RAM */
#define NODE_FAST_DATA
#endif
#ifndef NODE_BIG_BSS /* a large zeroed buffer */
#define NODE_BIG_BSS
#endif
#ifndef NODE_NOINIT /* kept over a reset */
#define NODE_NOINIT
#endif
#ifndef NODE_SLEEP_DATA /* kept over deep sleep */
#define NODE_SLEEP_DATA
#endif
#ifndef NODE_TABLE /* constants in flash */
#define NODE_TABLE
#define NODE_READ8(p) (*(const uint8_t *)(p))
#define NODE_READ16(p) (*(const uint16_t *)(p))
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct node_stats {
    uint32_t frames;
    uint32_t samples;
    uint16_t colours;
    uint16_t resets;
};
extern struct node_stats node_stats;

/* spectrum.c */
int spectrum_push(int16_t sample); /* 1 when a block is full */
void spectrum_bands(uint8_t bands[NODE_BANDS]);
void spectrum_stage(uint8_t half);
extern uint16_t spectrum_gain;

/* palette.c */
void palette_colour(uint8_t hue, uint8_t value, uint8_t rgb[3]);

/* strip.c */
void strip_set(uint16_t led, const uint8_t rgb[3]);
void strip_show(void);
void strip_flush(void); /* another name of strip_show */

/* crashlog.c */
void crashlog_start(void);
void crashlog_note(uint8_t event, uint16_t detail);
void crashlog_print(void);

/* main.c */
void node_main(void);

/* board.c */
int16_t board_sample(void);
void board_led_byte(uint8_t byte);
void board_putc(char c);

/* effects.cpp, on boards with a C++ compiler */
void effects_apply(uint8_t bands[NODE_BANDS]);

#ifdef __cplusplus
}
#endif
#endif
