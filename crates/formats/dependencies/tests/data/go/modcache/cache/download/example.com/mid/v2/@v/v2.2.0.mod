module example.com/mid/v2

go 1.21

require (
	example.com/base v1.0.0
	example.com/leaf v0.1.0
)
