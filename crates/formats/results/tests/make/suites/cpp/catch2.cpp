#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
TEST_CASE("passes") { REQUIRE(1 == 1); REQUIRE(2 == 2); CHECK(3 == 3); }
TEST_CASE("fails") { CHECK(1 == 2); CHECK(3 == 4); }
TEST_CASE("throws") { throw std::runtime_error("no board found"); }
TEST_CASE("may fail", "[!mayfail]") { CHECK(1 == 2); }
TEST_CASE("should fail", "[!shouldfail]") { CHECK(1 == 2); }
TEST_CASE("sections <&>") {
    SECTION("good") { CHECK(1 == 1); }
    SECTION("bad") { CHECK(1 == 2); }
}
