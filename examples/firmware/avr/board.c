/* ADC, USART and a bit-banged LED output of the ATmega328P. */
#include <avr/eeprom.h>
#include <avr/fuse.h>
#include <avr/interrupt.h>
#include <avr/io.h>

#include "node.h"

FUSES = {
    .low = 0xFF,
    .high = 0xD6,
    .extended = 0xFD,
};
LOCKBITS = 0xFF;

/* What the user may change, in the EEPROM. */
struct settings {
    uint8_t version;
    uint8_t brightness;
    uint16_t gain;
    char name[28];
};
static struct settings stored EEMEM = {.version = 1, .brightness = 200, .gain = 256, .name = "kitchen"};
static struct settings settings;

static volatile uint16_t latest;
static const char greeting[] PROGMEM = "node ready\r\n";

ISR(ADC_vect) { latest = ADC; }

ISR(BADISR_vect) {
    crashlog_note(1, MCUSR);
}

int16_t board_sample(void) {
    uint16_t value;
    ADCSRA |= 1 << ADSC;
    while (ADCSRA & (1 << ADSC)) {
    }
    cli();
    value = latest;
    sei();
    return (int16_t)((int32_t)value * 64 - 32768);
}

void board_led_byte(uint8_t byte) {
    for (uint8_t bit = 0; bit < 8; bit++) {
        PORTD |= 1 << PD6;
        if (!(byte & 0x80)) {
            PORTD &= (uint8_t) ~(1 << PD6);
        }
        byte = (uint8_t)(byte << 1);
        __asm__ volatile("nop\n nop\n nop");
        PORTD &= (uint8_t) ~(1 << PD6);
    }
}

void board_putc(char c) {
    while (!(UCSR0A & (1 << UDRE0))) {
    }
    UDR0 = (uint8_t)c;
}

int main(void) {
    DDRD = 1 << PD6;
    UBRR0 = 16;
    UCSR0B = 1 << TXEN0;
    ADMUX = 1 << REFS0;
    ADCSRA = (1 << ADEN) | (1 << ADIE) | 7;
    eeprom_read_block(&settings, &stored, sizeof settings);
    if (settings.version == 1) {
        spectrum_gain = settings.gain;
    }
    for (const char *c = greeting; pgm_read_byte(c); c++) {
        board_putc((char)pgm_read_byte(c));
    }
    sei();
    node_main();
}
