// Copyright 2026 The lw-actions authors
// SPDX-License-Identifier: MIT OR Apache-2.0
#include <unity.h>

#include <chrono>

#include "palette.h"

void setUp() {}
void tearDown() {}

static void a_frame_of_64_leds_takes_less_than_a_millisecond() {
  const auto start = std::chrono::steady_clock::now();
  unsigned sum = 0;
  for (int led = 0; led < 64; led++) {
    sum += dimmed(wheel(static_cast<uint8_t>(led)), 64).red;
  }
  const auto took = std::chrono::steady_clock::now() - start;
  TEST_ASSERT_GREATER_THAN(0, sum);
  TEST_ASSERT_LESS_THAN(1000, std::chrono::duration_cast<std::chrono::microseconds>(took).count());
}

int main() {
  UNITY_BEGIN();
  RUN_TEST(a_frame_of_64_leds_takes_less_than_a_millisecond);
  return UNITY_END();
}
