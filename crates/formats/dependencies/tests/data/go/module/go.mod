module example.com/fieldlog

go 1.21

require (
	example.com/Tools/Wide v0.2.0
	example.com/forked v1.0.0
	example.com/incompat v3.0.0+incompatible
	example.com/mid/v2 v2.2.0
	example.com/old v0.9.0
)

require (
	example.com/base v1.1.0 // indirect
	example.com/leaf v0.3.0 // indirect
)

replace (
	// Ours is fixed.
	example.com/forked => example.com/fork v1.0.1
	example.com/old v0.9.0 => ./third/old
)

exclude example.com/leaf v0.2.0

retract [v0.1.0, v0.2.0] // Lost logs.
