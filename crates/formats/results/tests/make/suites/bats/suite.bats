@test "passes" { true; }
@test "fails" { echo "before the failure"; false; }
@test "is skipped" { skip "needs a board"; }
@test "has a <hostile> & \"name\" # with a mark" { true; }
