/* As CMSIS has it (startup_ARMCM0plus.S): stack and heap are sections of an object, so that their sizes can be set
   here; the linker script makes them (COPY), so that they take no memory. */
    .syntax unified
    .cpu cortex-m0plus
    .thumb

    .section .stack
    .align 3
__StackLimit:
    .space 0x400
__StackTop:

    .section .heap
    .align 3
__HeapBase:
    .space 0x300
__HeapLimit:

    .section .vectors, "a"
    .align 2
    .long __stack
    .long Reset_Handler
    .rept 46
    .long Default_Handler
    .endr

    .text
    .thumb_func
    .global Reset_Handler
Reset_Handler:
    ldr r1, =__etext
    ldr r2, =__data_start__
    ldr r3, =__data_end__
1:  cmp r2, r3
    bhs 2f
    ldr r0, [r1]
    str r0, [r2]
    adds r1, #4
    adds r2, #4
    b 1b
2:  bl node_main
    .thumb_func
Default_Handler:
    b .
