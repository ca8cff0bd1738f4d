/* A ring of events that survives a reset, printed at the next start. */
#include "node.h"

#define EVENTS 24
#define MAGIC 0x4E4F4445ul

struct event {
    uint8_t kind;
    uint8_t age;
    uint16_t detail;
};

struct ring {
    uint32_t magic;
    uint8_t next;
    uint8_t boots;
    uint16_t sum;
    struct event events[EVENTS];
};

static struct ring ring NODE_NOINIT;

static const char *const kinds[] = {"boot", "clip", "gain", "frame"};

static uint16_t ring_sum(void) {
    uint16_t sum = ring.next;
    for (uint8_t i = 0; i < EVENTS; i++) {
        sum = (uint16_t)((uint16_t)(sum << 1) ^ (uint16_t)(ring.events[i].kind + ring.events[i].detail));
    }
    return sum;
}

static void print(const char *text) {
    while (*text) {
        board_putc(*text++);
    }
}

static void print_number(uint16_t value) {
    char digits[6];
    uint8_t at = sizeof digits;
    digits[--at] = 0;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value && at);
    print(&digits[at]);
}

void crashlog_start(void) {
    if (ring.magic != MAGIC || ring.sum != ring_sum()) {
        ring.magic = MAGIC;
        ring.next = 0;
        ring.boots = 0;
        for (uint8_t i = 0; i < EVENTS; i++) {
            ring.events[i].kind = 0;
            ring.events[i].age = 0;
            ring.events[i].detail = 0;
        }
    }
    ring.boots++;
    node_stats.resets = ring.boots;
    crashlog_note(0, ring.boots);
}

void crashlog_note(uint8_t kind, uint16_t detail) {
    struct event *slot = &ring.events[ring.next];
    slot->kind = (uint8_t)(kind % 4);
    slot->age = ring.boots;
    slot->detail = detail;
    ring.next = (uint8_t)((ring.next + 1) % EVENTS);
    ring.sum = ring_sum();
}

void crashlog_print(void) {
    for (uint8_t i = 0; i < EVENTS; i++) {
        const struct event *event = &ring.events[i];
        if (event->age) {
            print(kinds[event->kind]);
            print(" in run ");
            print_number(event->age);
            print(": ");
            print_number(event->detail);
            print("\r\n");
        }
    }
}
