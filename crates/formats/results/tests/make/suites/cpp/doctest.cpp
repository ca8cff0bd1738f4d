#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <stdexcept>
TEST_CASE("passes") { CHECK(1 == 1); CHECK(2 == 2); }
TEST_CASE("fails") { CHECK(1 == 2); CHECK(3 == 4); }
TEST_CASE("throws") { throw std::runtime_error("no board found"); }
TEST_CASE("is skipped" * doctest::skip()) { CHECK(1 == 2); }
TEST_CASE("may fail" * doctest::may_fail()) { CHECK(1 == 2); }
TEST_CASE("should fail" * doctest::should_fail()) { CHECK(1 == 2); }
