// Copyright 2026 The lw-actions authors
// SPDX-License-Identifier: MIT OR Apache-2.0
#include <Arduino.h>
#include <FastLED.h>

#include "palette.h"

constexpr int kLeds = 64;
constexpr int kPin = 5;

// What the update server is told, and what a device says of itself.
#ifndef BUILD_VERSION
#define BUILD_VERSION "unknown"
#endif

static CRGB leds[kLeds];

void setup() {
  Serial.begin(115200);
  Serial.println("VERSION: " BUILD_VERSION);
  FastLED.addLeds<WS2812B, kPin, GRB>(leds, kLeds);
}

void loop() {
  static uint8_t step = 0;
  const Colour colour = dimmed(wheel(step++), 64);
  fill_solid(leds, kLeds, CRGB(colour.red, colour.green, colour.blue));
  FastLED.show();
  delay(20);
}
