// Copyright 2026 The lw-actions authors
// SPDX-License-Identifier: MIT OR Apache-2.0
#include <unity.h>

#include "palette.h"

void setUp() {}
void tearDown() {}

static void a_dark_wheel_is_dark_all_round() {
  for (int step = 0; step < 256; step++) {
    const Colour colour = dimmed(wheel(static_cast<uint8_t>(step)), 0);
    TEST_ASSERT_EQUAL(0, colour.red + colour.green + colour.blue);
  }
}

int main() {
  UNITY_BEGIN();
  RUN_TEST(a_dark_wheel_is_dark_all_round);
  return UNITY_END();
}
