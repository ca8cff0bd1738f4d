module example.com/Tools/Wide

go 1.21

require (
	example.com/base v1.1.0
)
