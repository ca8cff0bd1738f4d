*** Settings ***
Suite Setup    Fail    no board at all

*** Test Cases ***
Never Runs
    Log    never
