/* A 64-point radix-2 FFT in Q15, and the eight octave-like bands drawn from it. */
#include "node.h"

#define POINTS 64
#define LOG2_POINTS 6

/* sin(2*pi*i/64) in Q15. */
static const int16_t sine[POINTS] NODE_TABLE = {
         0,   3212,   6393,   9512,  12539,  15446,  18204,  20787,
     23170,  25329,  27245,  28898,  30273,  31356,  32137,  32609,
     32767,  32609,  32137,  31356,  30273,  28898,  27245,  25329,
     23170,  20787,  18204,  15446,  12539,   9512,   6393,   3212,
         0,  -3212,  -6393,  -9512, -12539, -15446, -18204, -20787,
    -23170, -25329, -27245, -28898, -30273, -31356, -32137, -32609,
    -32767, -32609, -32137, -31356, -30273, -28898, -27245, -25329,
    -23170, -20787, -18204, -15446, -12539,  -9512,  -6393,  -3212,
};

/* Hann window in Q15. */
static const int16_t window[POINTS] NODE_TABLE = {
        0,    81,   325,   728,  1286,  1995,  2847,  3833,
     4944,  6169,  7495,  8909, 10398, 11946, 13539, 15159,
    16792, 18421, 20029, 21601, 23122, 24575, 25947, 27224,
    28393, 29443, 30363, 31145, 31779, 32260, 32584, 32747,
    32747, 32584, 32260, 31779, 31145, 30363, 29443, 28393,
    27224, 25947, 24575, 23122, 21601, 20029, 18421, 16792,
    15159, 13539, 11946, 10398,  8909,  7495,  6169,  4944,
     3833,  2847,  1995,  1286,   728,   325,    81,     0,
};

/* First FFT bin of each band; band i ends where band i+1 begins. */
static const uint8_t band_edges[NODE_BANDS + 1] NODE_TABLE = {1, 2, 3, 5, 8, 12, 18, 25, 32};

static int16_t re[POINTS];
static int16_t im[POINTS];
static uint8_t filled;

/* Automatic gain, kept from one sleep to the next. */
uint16_t spectrum_gain NODE_SLEEP_DATA = 256;

static int16_t q15_mul(int16_t a, int16_t b) { return (int16_t)(((int32_t)a * b) >> 15); }

static uint8_t reverse_bits(uint8_t index) {
    uint8_t out = 0;
    for (uint8_t bit = 0; bit < LOG2_POINTS; bit++) {
        out = (uint8_t)((out << 1) | ((index >> bit) & 1));
    }
    return out;
}

/* One pass over all butterflies of a stage; the hot loop, so boards may move it to RAM. */
NODE_FAST_CODE void spectrum_stage(uint8_t half) {
    uint8_t step = (uint8_t)(POINTS / (2 * half));
    for (uint8_t start = 0; start < POINTS; start = (uint8_t)(start + 2 * half)) {
        for (uint8_t k = 0; k < half; k++) {
            uint8_t turn = (uint8_t)(k * step);
            int16_t wr = (int16_t)NODE_READ16(&sine[(turn + POINTS / 4) % POINTS]);
            int16_t wi = (int16_t)-(int16_t)NODE_READ16(&sine[turn]);
            uint8_t a = (uint8_t)(start + k), b = (uint8_t)(a + half);
            int16_t tr = (int16_t)(q15_mul(wr, re[b]) - q15_mul(wi, im[b]));
            int16_t ti = (int16_t)(q15_mul(wr, im[b]) + q15_mul(wi, re[b]));
            /* Halving at every stage keeps Q15 from overflowing. */
            re[b] = (int16_t)((re[a] - tr) >> 1);
            im[b] = (int16_t)((im[a] - ti) >> 1);
            re[a] = (int16_t)((re[a] + tr) >> 1);
            im[a] = (int16_t)((im[a] + ti) >> 1);
        }
    }
}

int spectrum_push(int16_t sample) {
    uint8_t slot = reverse_bits(filled);
    re[slot] = q15_mul(sample, (int16_t)NODE_READ16(&window[filled]));
    im[slot] = 0;
    filled = (uint8_t)((filled + 1) % POINTS);
    return filled == 0;
}

void spectrum_bands(uint8_t bands[NODE_BANDS]) {
    /* A local static of the same name lives in palette.c: two objects, one symbol name. */
    static uint16_t calls;
    for (uint8_t half = 1; half < POINTS; half = (uint8_t)(half << 1)) {
        spectrum_stage(half);
    }
    uint8_t loudest = 0;
    for (uint8_t band = 0; band < NODE_BANDS; band++) {
        uint32_t energy = 0;
        uint8_t end = NODE_READ8(&band_edges[band + 1]);
        for (uint8_t bin = NODE_READ8(&band_edges[band]); bin < end; bin++) {
            energy += (uint32_t)((int32_t)re[bin] * re[bin]) + (uint32_t)((int32_t)im[bin] * im[bin]);
        }
        uint32_t level = ((energy >> 8) * spectrum_gain) >> 8;
        bands[band] = level > 255 ? 255 : (uint8_t)level;
        if (bands[band] > loudest) {
            loudest = bands[band];
        }
    }
    if (++calls % 16 == 0) {
        if (loudest > 240 && spectrum_gain > 16) {
            spectrum_gain = (uint16_t)(spectrum_gain - spectrum_gain / 8);
        } else if (loudest < 64 && spectrum_gain < 8192) {
            spectrum_gain = (uint16_t)(spectrum_gain + spectrum_gain / 8);
        }
    }
}
