/* Start-up and memory-mapped devices of the boards that have no special ones. */
#include "node.h"

extern char _itim[], _eitim[], _iitim[];
extern char _data[], _edata[], _idata[];
extern char _bss[], _ebss[];

struct devices {
    uint32_t sample;
    uint32_t led;
    uint32_t uart;
    uint32_t status;
};
#define DEVICES ((volatile struct devices *)0x10013000)

static void copy(char *to, const char *end, const char *from) {
    while (to < end) {
        *to++ = *from++;
    }
}

int16_t board_sample(void) { return (int16_t)DEVICES->sample; }

void board_led_byte(uint8_t byte) { DEVICES->led = byte; }

void board_putc(char c) {
    while (DEVICES->status & 1) {
    }
    DEVICES->uart = (uint8_t)c;
}

__attribute__((used)) void bare_main(void) {
    copy(_itim, _eitim, _iitim);
    copy(_data, _edata, _idata);
    for (char *byte = _bss; byte < _ebss; byte++) {
        *byte = 0;
    }
    node_main();
}

__attribute__((section(".start"), used, naked)) void _start(void) {
#if defined(__riscv)
    __asm__ volatile("la sp, _stack_top\n tail bare_main");
#else
    __asm__ volatile("ldr sp, =_stack_top\n b bare_main");
#endif
}
