// Effects on the bands before they are drawn: C++ for its mangled names, virtual tables, templates and static constructors.
#include "node.h"

namespace node {
namespace effects {

class Effect {
public:
    virtual void apply(uint8_t *bands) = 0;

protected:
    ~Effect() = default;
};

// Keeps the highest of the last `Depth` frames.
template <unsigned Depth> class PeakHold final : public Effect {
public:
    void apply(uint8_t *bands) override {
        for (unsigned band = 0; band < NODE_BANDS; band++) {
            held_[at_][band] = bands[band];
            for (unsigned frame = 0; frame < Depth; frame++) {
                if (held_[frame][band] > bands[band]) {
                    bands[band] = held_[frame][band];
                }
            }
        }
        at_ = (at_ + 1) % Depth;
    }

private:
    uint8_t held_[Depth][NODE_BANDS] = {};
    unsigned at_ = 0;
};

// Spreads a band over its neighbours.
class Blur final : public Effect {
public:
    explicit Blur(uint8_t share) : share_(share), rounding_(static_cast<uint16_t>(share) * 2u + (share & 1u)) {}

    void apply(uint8_t *bands) override {
        uint8_t left = 0;
        for (unsigned band = 0; band < NODE_BANDS; band++) {
            const uint8_t right = band + 1 < NODE_BANDS ? bands[band + 1] : 0;
            const uint8_t here = bands[band];
            bands[band] = static_cast<uint8_t>((here * (256u - 2u * share_) + (left + right) * share_ + rounding_) >> 8);
            left = here;
        }
    }

private:
    uint8_t share_;
    uint16_t rounding_;
};

namespace {
// Read at start-up, so that the constructor below cannot run at compile time.
volatile uint8_t blur_share = 40;

PeakHold<4> slow_peak;
PeakHold<12> slower_peak;
Blur blur(blur_share);
Effect *const chain[] = {&slow_peak, &blur, &slower_peak};
} // namespace

void run(uint8_t *bands) {
    for (Effect *effect : chain) {
        effect->apply(bands);
    }
}

} // namespace effects
} // namespace node

// Called when a base class without a body is; the C++ library is not linked.
extern "C" void __cxa_pure_virtual() {
    for (;;) {
    }
}

extern "C" void effects_apply(uint8_t bands[NODE_BANDS]) { node::effects::run(bands); }
