module example.com/incompat
