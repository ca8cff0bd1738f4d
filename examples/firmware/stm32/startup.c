/* Vector table and reset. */
#include <string.h>

#include "node.h"

extern uint32_t _estack, _sidata, _sdata, _edata, _sbss, _ebss;
extern uint32_t _siccmdata, _sccmdata, _eccmdata, _sccmbss, _eccmbss;
extern void (*__init_array_start[])(void);
extern void (*__init_array_end[])(void);

void board_init(void);

static void copy(uint32_t *to, const uint32_t *end, const uint32_t *from) {
    memcpy(to, from, (size_t)((const char *)end - (const char *)to));
}

static void clear(uint32_t *from, const uint32_t *end) {
    memset(from, 0, (size_t)((const char *)end - (const char *)from));
}

void Reset_Handler(void) {
    copy(&_sdata, &_edata, &_sidata);
    copy(&_sccmdata, &_eccmdata, &_siccmdata);
    clear(&_sbss, &_ebss);
    clear(&_sccmbss, &_eccmbss);
    for (void (**init)(void) = __init_array_start; init < __init_array_end; init++) {
        (*init)();
    }
    board_init();
    node_main();
}

void Default_Handler(void) {
    for (;;) {
    }
}

/* All weak names of one handler: many symbols, one address. */
#define HANDLER(name) void name(void) __attribute__((weak, alias("Default_Handler")))
HANDLER(NMI_Handler);
HANDLER(HardFault_Handler);
HANDLER(MemManage_Handler);
HANDLER(BusFault_Handler);
HANDLER(UsageFault_Handler);
HANDLER(SVC_Handler);
HANDLER(DebugMon_Handler);
HANDLER(PendSV_Handler);
void SysTick_Handler(void);

__attribute__((section(".isr_vector"), used)) void (*const vectors[16])(void) = {
    (void (*)(void)) & _estack, Reset_Handler, NMI_Handler, HardFault_Handler,
    MemManage_Handler, BusFault_Handler, UsageFault_Handler, 0,
    0, 0, 0, SVC_Handler,
    DebugMon_Handler, 0, PendSV_Handler, SysTick_Handler,
};
