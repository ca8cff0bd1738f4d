// Copyright 2026 The lw-actions authors
// SPDX-License-Identifier: MIT OR Apache-2.0
#include <unity.h>

#include "palette.h"

void setUp() {}
void tearDown() {}

static void the_wheel_begins_with_red() {
  const Colour colour = wheel(0);
  TEST_ASSERT_EQUAL(255, colour.red);
  TEST_ASSERT_EQUAL(0, colour.green);
  TEST_ASSERT_EQUAL(0, colour.blue);
}

static void a_third_of_a_turn_is_green() {
  const Colour colour = wheel(85);
  TEST_ASSERT_EQUAL(0, colour.red);
  TEST_ASSERT_EQUAL(255, colour.green);
}

static void the_last_third_is_blue() { TEST_ASSERT_EQUAL(255, wheel(170).blue); }

static void full_brightness_changes_nothing() {
  const Colour colour = dimmed({10, 20, 30}, 255);
  TEST_ASSERT_EQUAL(10, colour.red);
  TEST_ASSERT_EQUAL(20, colour.green);
  TEST_ASSERT_EQUAL(30, colour.blue);
}

int main() {
  UNITY_BEGIN();
  RUN_TEST(the_wheel_begins_with_red);
  RUN_TEST(a_third_of_a_turn_is_green);
  RUN_TEST(the_last_third_is_blue);
  RUN_TEST(full_brightness_changes_nothing);
  return UNITY_END();
}
