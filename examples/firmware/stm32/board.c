/* ADC, SPI and USART of the STM32F407, and the C library's way to the outside. */
#include <errno.h>
#include <stdio.h>

#include "node.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define RCC_AHB1ENR REG(0x40023830)
#define RCC_APB1ENR REG(0x40023840)
#define RCC_APB2ENR REG(0x40023844)
#define ADC1_SR REG(0x40012000)
#define ADC1_CR2 REG(0x40012008)
#define ADC1_DR REG(0x4001204C)
#define SPI1_CR1 REG(0x40013000)
#define SPI1_SR REG(0x40013008)
#define SPI1_DR REG(0x4001300C)
#define USART2_SR REG(0x40004400)
#define USART2_DR REG(0x40004404)
#define USART2_CR1 REG(0x4000440C)
#define SYST_CSR REG(0xE000E010)
#define SYST_RVR REG(0xE000E014)

static volatile uint32_t ticks;

/* Two bits of a colour as eight bits on the SPI wire; not const, so that it is read from RAM. */
static uint8_t wire[4] = {0x88, 0x8E, 0xE8, 0xEE};

void SysTick_Handler(void) { ticks++; }

void board_init(void) {
    RCC_AHB1ENR |= 0x3;
    RCC_APB1ENR |= 1u << 17;
    RCC_APB2ENR |= (1u << 8) | (1u << 12);
    SYST_RVR = 16000 - 1;
    SYST_CSR = 7;
    ADC1_CR2 = 1;
    SPI1_CR1 = 0x037C;
    USART2_CR1 = 0x2008;
    char line[48];
    int n = snprintf(line, sizeof line, "node: %d bands, %d LEDs\r\n", NODE_BANDS, NODE_LEDS);
    for (int i = 0; i < n; i++) {
        board_putc(line[i]);
    }
}

int16_t board_sample(void) {
    ADC1_CR2 |= 1u << 30;
    while (!(ADC1_SR & 2)) {
    }
    return (int16_t)((int32_t)(ADC1_DR << 4) - 32768);
}

void board_led_byte(uint8_t byte) {
    for (int bit = 7; bit >= 0; bit -= 2) {
        while (!(SPI1_SR & 2)) {
        }
        SPI1_DR = wire[(byte >> (bit - 1)) & 3];
    }
}

void board_putc(char c) {
    while (!(USART2_SR & 0x80)) {
    }
    USART2_DR = (uint8_t)c;
}

extern char _heap_start, _heap_end;

void *_sbrk(ptrdiff_t grow) {
    static char *top = &_heap_start;
    if (grow > &_heap_end - top) {
        errno = ENOMEM;
        return (void *)-1;
    }
    char *was = top;
    top += grow;
    return was;
}

int _write(int file, const char *text, int length) {
    (void)file;
    for (int i = 0; i < length; i++) {
        board_putc(text[i]);
    }
    return length;
}

int _read(int file, char *into, int length) {
    (void)file, (void)into, (void)length;
    return 0;
}

int _lseek(int file, int at, int whence) {
    (void)file, (void)at, (void)whence;
    return 0;
}

int _close(int file) {
    (void)file;
    return -1;
}

int _fstat(int file, void *stat) {
    (void)file, (void)stat;
    return -1;
}

int _isatty(int file) {
    (void)file;
    return 1;
}
