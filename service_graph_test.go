package radiograph

import "testing"

func TestBucketKeepsThreeDigits(t *testing.T) {
	for in, want := range map[int64]int64{-5: 0, 0: 0, 7: 7, 999: 999, 1000: 1000, 1004: 1000, 1005: 1010, 9994: 9990, 9995: 10000, 99_949: 99_900, 123_456_789: 123_000_000, 999_999: 1_000_000} {
		if got := Bucket(in); got != want {
			t.Errorf("Bucket(%d) = %d, want %d", in, got, want)
		}
	}
	for n := int64(1); n < 1<<62; n = n*3 + 1 {
		if b := Bucket(n); Bucket(b) != b {
			t.Errorf("Bucket(%d) = %d is not in its own bucket", n, b)
		}
	}
}
