/* The node's loop. */
#include "node.h"

/* A tentative definition: with -fcommon it becomes COMMON, which only a map names. */
struct node_stats node_stats;

/* The waterfall: past bands, newest at `head`. */
static uint8_t history[NODE_HISTORY][NODE_BANDS] NODE_BIG_BSS;
static uint16_t head;

static void draw(const uint8_t bands[NODE_BANDS]) {
    for (uint16_t led = 0; led < NODE_LEDS; led++) {
        uint8_t band = (uint8_t)((uint32_t)led * NODE_BANDS / NODE_LEDS);
        uint8_t was = history[(head + NODE_HISTORY - 1) % NODE_HISTORY][band];
        uint8_t value = bands[band] > was ? bands[band] : (uint8_t)(was - was / 4);
        uint8_t rgb[3];
        palette_colour((uint8_t)(led * 5 + (uint8_t)node_stats.frames), value, rgb);
        strip_set(led, rgb);
    }
    strip_flush();
}

void node_main(void) {
    uint8_t bands[NODE_BANDS];
    crashlog_start();
    crashlog_print();
    for (;;) {
        int16_t sample = board_sample();
        node_stats.samples++;
        if (sample > 32000 || sample < -32000) {
            crashlog_note(1, (uint16_t)sample);
        }
        if (!spectrum_push(sample)) {
            continue;
        }
        spectrum_bands(bands);
#ifdef NODE_EFFECTS
        effects_apply(bands);
#endif
        draw(bands);
        for (uint8_t band = 0; band < NODE_BANDS; band++) {
            history[head][band] = bands[band];
        }
        head = (uint16_t)((head + 1) % NODE_HISTORY);
        if (++node_stats.frames % 4096 == 0) {
            crashlog_note(3, (uint16_t)(node_stats.frames >> 12));
        }
    }
}
