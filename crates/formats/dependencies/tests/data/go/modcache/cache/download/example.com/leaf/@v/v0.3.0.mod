module example.com/leaf

go 1.21
