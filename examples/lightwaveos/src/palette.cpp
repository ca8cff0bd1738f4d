// Copyright 2026 The lw-actions authors
// SPDX-License-Identifier: MIT OR Apache-2.0
#include "palette.h"

Colour wheel(uint8_t step) {
  const uint8_t third = step / 85;
  const uint8_t up = static_cast<uint8_t>((step % 85) * 3);
  const uint8_t down = static_cast<uint8_t>(255 - up);
  switch (third) {
    case 0:
      return {down, up, 0};
    case 1:
      return {0, down, up};
    default:
      return {up, 0, down};
  }
}

Colour dimmed(Colour colour, uint8_t brightness) {
  const auto scaled = [brightness](uint8_t value) { return static_cast<uint8_t>(value * brightness / 255); };
  return {scaled(colour.red), scaled(colour.green), scaled(colour.blue)};
}
