/* The frame buffer of the LED strip. */
#include "node.h"

static uint8_t frame[NODE_LEDS * 3];

/* Brightness per channel: green LEDs look brighter than red and blue ones. */
uint8_t strip_balance[4] NODE_FAST_DATA = {255, 176, 240, 0};

void strip_set(uint16_t led, const uint8_t rgb[3]) {
    if (led >= NODE_LEDS) {
        return;
    }
    for (uint8_t channel = 0; channel < 3; channel++) {
        frame[led * 3 + channel] = (uint8_t)(((uint16_t)rgb[channel] * strip_balance[channel]) >> 8);
    }
}

/* The strip's timing does not survive a flash cache miss, so boards may move this to RAM. */
NODE_FAST_CODE void strip_show(void) {
    for (uint16_t i = 0; i < NODE_LEDS; i++) {
        /* WS2812 wants green first. */
        board_led_byte(frame[i * 3 + 1]);
        board_led_byte(frame[i * 3]);
        board_led_byte(frame[i * 3 + 2]);
    }
}

/* Two names, one address: an attribution must count the bytes once. */
void strip_flush(void) __attribute__((alias("strip_show")));
