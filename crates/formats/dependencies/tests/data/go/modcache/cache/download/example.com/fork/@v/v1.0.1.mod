module example.com/fork

go 1.21

require (
	example.com/leaf v0.3.0
)
