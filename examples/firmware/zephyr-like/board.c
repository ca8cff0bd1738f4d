/* Devices, threads and heaps as Zephyr's macros define them (STRUCT_SECTION_ITERABLE), and start-up. */
#include "node.h"

#define ITERABLE(type, name) __attribute__((section("._" #type ".static." #name "_"), used, aligned(4)))
#define KEPT(section_name) __attribute__((section(section_name), used))

struct device {
    const char *name;
    int (*start)(const struct device *device);
    volatile uint32_t *registers;
};
struct init_entry {
    int (*run)(const struct device *device);
    const struct device *device;
};
struct thread_data {
    void (*entry)(void);
    void *stack;
    uint32_t stack_size;
    int32_t priority;
};
struct k_heap {
    void *memory;
    uint32_t bytes;
    uint32_t waiting[2];
};
struct k_sem {
    uint32_t waiting[2];
    uint32_t count;
    uint32_t limit;
};
struct isr {
    const void *argument;
    void (*handler)(const void *argument);
};

static KEPT(".noinit.\"led-node/board.c\".1") uint8_t main_stack[1024];
static KEPT(".noinit.\"led-node/board.c\".2") uint8_t heap_memory[768];
static KEPT(".noinit.\"led-node/board.c\".3") uint8_t interrupt_stack[512];

static int start(const struct device *device) {
    device->registers[0] = 1;
    return 0;
}
static void ignore(const void *argument) { (void)argument; }

ITERABLE(device, 1_adc) const struct device adc = {"adc", start, (volatile uint32_t *)0x40012000};
ITERABLE(device, 2_led) const struct device led = {"led", start, (volatile uint32_t *)0x40013000};
ITERABLE(device, 3_uart) const struct device uart = {"uart", start, (volatile uint32_t *)0x40011000};
KEPT(".z_init_PRE_KERNEL_1_P_0_SUB_0_") const struct init_entry init_adc = {start, &adc};
KEPT(".z_init_POST_KERNEL_P_0_SUB_0_") const struct init_entry init_led = {start, &led};
KEPT("._k_heap.static.node_heap_") struct k_heap node_heap = {heap_memory, sizeof heap_memory, {0, 0}};
KEPT("._k_sem.static.frame_ready_") struct k_sem frame_ready = {{0, 0}, 0, 1};
/* In flash since Zephyr 3.x, in RAM before. */
KEPT("._static_thread_data_area.main_") struct thread_data main_thread = {node_main, main_stack, sizeof main_stack, 5};
KEPT(".gnu.linkonce.sw_isr_table") struct isr software_interrupts[16] = {[3] = {&adc, ignore}};
/* A region of the devicetree, with a section of its name in it. */
KEPT("\"SRAM 2\"") static uint32_t dma_buffer[64];
KEPT(".persistent") uint32_t boots;

int16_t board_sample(void) { return (int16_t)adc.registers[1]; }

void board_led_byte(uint8_t byte) { led.registers[1] = byte; }

void board_putc(char c) {
    dma_buffer[(uint8_t)c % 64] = boots;
    uart.registers[1] = (uint8_t)c;
}

extern char __data_start[], __data_end[], __data_load[], __bss_start[], __bss_end[];

KEPT(".text.reset") void z_arm_reset(void) {
    const char *from = __data_load;
    for (char *to = __data_start; to < __data_end; to++) {
        *to = *from++;
    }
    for (char *at = __bss_start; at < __bss_end; at++) {
        *at = 0;
    }
    init_adc.run(init_adc.device);
    init_led.run(init_led.device);
    frame_ready.count = node_heap.bytes;
    software_interrupts[3].handler(software_interrupts[3].argument);
    main_thread.entry();
}

/* What the processor reads first: where the stack begins and where to start. */
KEPT(".exc_vector_table._vector_table_section") const void *const vectors[2] = {interrupt_stack + sizeof interrupt_stack, (const void *)z_arm_reset};
