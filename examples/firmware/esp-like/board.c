/* ADC, RMT-like LED output and UART, with start-up code as the second-stage loader calls it. */
#include "node.h"

#define REG(address) (*(volatile uint32_t *)(address))

/* The 256-byte descriptor every ESP application image begins with (esp_app_desc_t). */
struct app_desc {
    uint32_t magic;
    uint32_t secure_version;
    uint32_t reserved[2];
    char version[32];
    char project[32];
    char time[16];
    char date[16];
    char sdk[32];
    uint8_t elf_sha256[32];
    uint32_t reserved2[20];
};
_Static_assert(sizeof(struct app_desc) == 256, "the descriptor is 256 bytes");

__attribute__((section(".rodata_desc"), used)) const struct app_desc esp_app_desc = {
    .magic = 0xABCD5432,
    .version = "1.0.0",
    .project = "led-node",
    .sdk = "bare metal",
};

/* Not for the chip: what a log decoder on the host reads. */
__attribute__((section(".noload"), used)) const char log_strings[64] = "sample clipped\0gain changed";
__attribute__((section(".rodata_wlog"), used)) const char quiet_log[48] = "never loaded";

__attribute__((section(".rtc_timer_data_in_rtc_mem"), used)) uint64_t rtc_timer_base[3];
__attribute__((section(".rtc.bss"))) static uint32_t wakes;
__attribute__((section(".noinit"))) uint32_t last_reason[8];
__attribute__((section(".iram.data"))) static uint32_t led_divider = 8;
__attribute__((section(".iram.bss"))) static uint32_t led_words[16];
static uint8_t uart_queue[512];
static uint16_t uart_at;

/* Runs before the flash is mapped again after deep sleep. */
__attribute__((section(".rtc.text"), used, noinline)) void wake_stub(void) {
    wakes++;
    REG(0x600080A8) = wakes;
}

__attribute__((section(".exception_vectors.text"), used, naked, aligned(256))) void vectors(void) {
    __asm__ volatile(".rept 31\n .option push\n .option norvc\n j panic\n .option pop\n .endr");
}

__attribute__((section(".iram1.panic"), used, noinline)) void panic(void) {
    last_reason[0]++;
    for (;;) {
    }
}

int16_t board_sample(void) {
    REG(0x60040020) = 1u << 29;
    while (!(REG(0x60040044) & (1u << 31))) {
    }
    return (int16_t)((int32_t)((REG(0x6004002C) & 0xFFF) << 4) - 32768);
}

NODE_FAST_CODE void board_led_byte(uint8_t byte) {
    for (uint8_t bit = 0; bit < 8; bit++) {
        led_words[bit] = (byte & (0x80 >> bit)) ? 0x00068006u * led_divider : 0x000C8003u * led_divider;
    }
    for (uint8_t bit = 0; bit < 8; bit++) {
        REG(0x60016400 + 4u * bit) = led_words[bit];
    }
    REG(0x60016010) |= 1;
}

void board_putc(char c) {
    uart_queue[uart_at] = (uint8_t)c;
    uart_at = (uint16_t)((uart_at + 1) % sizeof uart_queue);
    while (((REG(0x6000001C) >> 16) & 0x3FF) >= 126) {
    }
    REG(0x60000000) = (uint8_t)c;
}

extern uint32_t _bss_start, _bss_end;

__attribute__((section(".iram1.start"), used, noreturn)) void call_start_cpu0(void) {
    for (uint32_t *word = &_bss_start; word < &_bss_end; word++) {
        *word = 0;
    }
    if (rtc_timer_base[0] == 0) {
        wakes = 0;
    }
    node_main();
    for (;;) {
    }
}
