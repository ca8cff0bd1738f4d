#include <gtest/gtest.h>
TEST(Suite, Passes) {}
TEST(Suite, Fails) {
    EXPECT_EQ(1, 2);
    EXPECT_EQ(3, 4);
}
TEST(Suite, Skips) { GTEST_SKIP() << "needs a board"; }
TEST(Suite, DISABLED_Disabled) {}
struct Broken : ::testing::Test {
    static void SetUpTestSuite() { FAIL() << "no board at all"; }
};
TEST_F(Broken, StillRuns) {}
