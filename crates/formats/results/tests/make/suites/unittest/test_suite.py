import unittest


class Suite(unittest.TestCase):
    def test_pass(self):
        pass

    def test_fail(self):
        self.fail("one is not two")

    def test_error(self):
        raise RuntimeError("no board found")

    @unittest.skip("needs a board")
    def test_skip(self):
        pass

    @unittest.expectedFailure
    def test_expected_failure(self):
        self.fail("known")

    @unittest.expectedFailure
    def test_unexpected_success(self):
        pass

    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i):
                self.assertNotEqual(i, 1)


class BrokenSetup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("no board at all")

    def test_never(self):
        pass


if __name__ == "__main__":
    import sys
    import xmlrunner

    unittest.main(testRunner=xmlrunner.XMLTestRunner(output=sys.argv.pop()))
