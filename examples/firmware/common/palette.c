/* Hue to RGB, with gamma correction from a table in flash. */
#include "node.h"

/* 255 * (i/255)^2.6. */
static const uint8_t gamma_table[256] NODE_TABLE = {
      0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
      0,   0,   0,   0,   0,   0,   0,   0,   1,   1,   1,   1,   1,   1,   1,   1,
      1,   1,   1,   1,   2,   2,   2,   2,   2,   2,   2,   2,   3,   3,   3,   3,
      3,   3,   4,   4,   4,   4,   5,   5,   5,   5,   5,   6,   6,   6,   6,   7,
      7,   7,   8,   8,   8,   9,   9,   9,  10,  10,  10,  11,  11,  11,  12,  12,
     13,  13,  13,  14,  14,  15,  15,  16,  16,  17,  17,  18,  18,  19,  19,  20,
     20,  21,  21,  22,  22,  23,  24,  24,  25,  25,  26,  27,  27,  28,  29,  29,
     30,  31,  31,  32,  33,  34,  34,  35,  36,  37,  38,  38,  39,  40,  41,  42,
     42,  43,  44,  45,  46,  47,  48,  49,  50,  51,  52,  53,  54,  55,  56,  57,
     58,  59,  60,  61,  62,  63,  64,  65,  66,  68,  69,  70,  71,  72,  73,  75,
     76,  77,  78,  80,  81,  82,  84,  85,  86,  88,  89,  90,  92,  93,  94,  96,
     97,  99, 100, 102, 103, 105, 106, 108, 109, 111, 112, 114, 115, 117, 119, 120,
    122, 124, 125, 127, 129, 130, 132, 134, 136, 137, 139, 141, 143, 145, 146, 148,
    150, 152, 154, 156, 158, 160, 162, 164, 166, 168, 170, 172, 174, 176, 178, 180,
    182, 184, 186, 188, 191, 193, 195, 197, 199, 202, 204, 206, 209, 211, 213, 215,
    218, 220, 223, 225, 227, 230, 232, 235, 237, 240, 242, 245, 247, 250, 252, 255,
};

void palette_colour(uint8_t hue, uint8_t value, uint8_t rgb[3]) {
    /* A local static of the same name lives in spectrum.c: two objects, one symbol name. */
    static uint16_t calls = 1;
    uint8_t sextant = (uint8_t)(hue / 43), rise = (uint8_t)((hue - sextant * 43) * 6);
    uint8_t up = (uint8_t)(((uint16_t)value * rise) >> 8), down = (uint8_t)(value - up);
    uint8_t r = 0, g = 0, b = 0;
    switch (sextant) {
    case 0: r = value; g = up; break;
    case 1: r = down; g = value; break;
    case 2: g = value; b = up; break;
    case 3: g = down; b = value; break;
    case 4: r = up; b = value; break;
    default: r = value; b = down; break;
    }
    rgb[0] = NODE_READ8(&gamma_table[r]);
    rgb[1] = NODE_READ8(&gamma_table[g]);
    rgb[2] = NODE_READ8(&gamma_table[b]);
    node_stats.colours = calls++;
}
