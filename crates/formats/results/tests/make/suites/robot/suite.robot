*** Test Cases ***
Passes
    Log    fine

Fails
    Fail    one is not two

Is Skipped
    Skip    needs a board

Has A <Hostile> & "Name"
    Should Be Equal    1    1
