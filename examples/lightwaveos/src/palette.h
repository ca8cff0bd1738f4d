// Copyright 2026 The lw-actions authors
// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>

struct Colour {
  uint8_t red;
  uint8_t green;
  uint8_t blue;
};

/// A colour of the wheel: red, green and blue are a third of a turn apart, and a turn has 256 steps.
Colour wheel(uint8_t step);

/// The colour at this brightness, of 255.
Colour dimmed(Colour colour, uint8_t brightness);
