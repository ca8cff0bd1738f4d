/* ADC, SPI and UART of the part. */
#include "node.h"

#define REG(address) (*(volatile uint32_t *)(address))

/* Kept over a reset, with its first value written by the tool that flashes the part. */
__attribute__((section(".persistent"), used)) uint32_t serial_number[6];
/* In memory that a battery keeps. */
__attribute__((section(".backup"), used)) static uint32_t clock_offset[4];
/* Where a debugger reads the log from. */
__attribute__((section(".shared_with_probe"), used)) static uint8_t probe_log[320];

int16_t board_sample(void) { return (int16_t)(REG(0x4001244C) + clock_offset[0]); }

void board_led_byte(uint8_t byte) { REG(0x4001300C) = byte; }

void board_putc(char c) {
    probe_log[(uint8_t)c] = (uint8_t)serial_number[0];
    REG(0x40013828) = (uint8_t)c;
}
