package calc

import (
	"fmt"
	"testing"
)

func TestPass(t *testing.T) {}

func TestFail(t *testing.T) {
	fmt.Println("before the failure")
	t.Fatal("one is not two")
}

func TestSkip(t *testing.T) { t.Skip("needs a board") }

func TestSub(t *testing.T) {
	t.Run("good", func(t *testing.T) {})
	t.Run("bad <&>", func(t *testing.T) { t.Error("known") })
}
