/* ADC through the SAR, LEDs over I2S, UART0. */
#include "node.h"

#define REG(address) (*(volatile uint32_t *)(address))

static uint8_t uart_queue[256];
static uint8_t uart_at;

/* Four I2S bits for each two bits of a colour. */
static const uint32_t patterns[4] = {0x8888, 0x888E, 0x8E88, 0x8E8E};

int16_t board_sample(void) {
    REG(0x60000D50) |= 2;
    while ((REG(0x60000D50) >> 24) & 7) {
    }
    return (int16_t)((int32_t)((REG(0x60000D80) & 0x3FF) << 6) - 32768);
}

void board_led_byte(uint8_t byte) {
    for (int8_t shift = 6; shift >= 0; shift = (int8_t)(shift - 2)) {
        REG(0x60000E00) = patterns[(byte >> shift) & 3];
    }
}

void board_putc(char c) {
    uart_queue[uart_at++] = (uint8_t)c;
    while (((REG(0x6000001C) >> 16) & 0xFF) >= 126) {
    }
    REG(0x60000000) = (uint8_t)c;
}

extern uint32_t _bss_start, _bss_end;

__attribute__((section(".entry.text"), used)) void call_user_start(void) {
    for (uint32_t *word = &_bss_start; word < &_bss_end; word++) {
        *word = 0;
    }
    node_main();
}
