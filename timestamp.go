package radiograph

import (
	"fmt"
	"math/bits"
	"strconv"
	"time"
)

// Timestamp is an instant in nanoseconds since the Unix epoch. Segment documents
// carry seconds as decimal text; it is parsed exactly, never through float64.
type Timestamp int64

// TimestampOf converts a wall-clock time.
func TimestampOf(t time.Time) Timestamp { return Timestamp(t.UnixNano()) }

// Time converts to a UTC time.Time.
func (t Timestamp) Time() time.Time { return time.Unix(0, int64(t)).UTC() }

// Sub is the duration from u to t.
func (t Timestamp) Sub(u Timestamp) time.Duration { return time.Duration(t - u) }

// Add moves t by d.
func (t Timestamp) Add(d time.Duration) Timestamp { return t + Timestamp(d) }

// Seconds is the nearest float64, for answers whose wire type is a double.
func (t Timestamp) Seconds() float64 {
	s, ns := int64(t)/1e9, int64(t)%1e9
	return float64(s) + float64(ns)/1e9
}

// AppendSeconds appends t as decimal epoch seconds with all the digits it has
// and at least one after the point: 1700000000.0, 1700000000.000000001.
func (t Timestamp) AppendSeconds(b []byte) []byte {
	n := int64(t)
	if n < 0 {
		b = append(b, '-')
		n = -n
	}
	b = strconv.AppendInt(b, n/1e9, 10)
	b = append(b, '.')
	frac := n % 1e9
	if frac == 0 {
		return append(b, '0')
	}
	for d := int64(1e8); frac > 0; d /= 10 {
		b = append(b, byte('0'+frac/d))
		frac %= d
	}
	return b
}

// MarshalJSON writes decimal epoch seconds, a JSON number.
func (t Timestamp) MarshalJSON() ([]byte, error) { return t.AppendSeconds(nil), nil }

// UnmarshalJSON reads a JSON number of epoch seconds.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	v, err := ParseSeconds(b)
	if err != nil {
		return err
	}
	*t = v
	return nil
}

// ParseSeconds reads a JSON number of epoch seconds (12, 12.5, 1.25E9) exactly.
// Digits past the nanosecond are cut. A value outside 1678–2262 is an error.
func ParseSeconds[T ~string | ~[]byte](s T) (Timestamp, error) {
	bad := func() (Timestamp, error) { return 0, fmt.Errorf("%.40q is not a time in epoch seconds", s) }
	i, neg := 0, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		neg = s[i] == '-'
		i++
	}
	// mant holds up to 19 significant digits, scale the power of ten it is to be
	// multiplied with to give seconds.
	var mant uint64
	scale, digits, seen, point := 0, 0, false, false
scan:
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			seen = true
			if digits < 19 {
				mant = mant*10 + uint64(c-'0')
				if mant > 0 {
					digits++
				}
				if point {
					scale--
				}
			} else if !point {
				scale++
			}
		case c == '.' && !point:
			point = true
		case c == 'e' || c == 'E':
			break scan
		default:
			return bad()
		}
	}
	if !seen {
		return bad()
	}
	if i < len(s) {
		e, err := strconv.Atoi(string(s[i+1:]))
		if err != nil || e > 1000 || e < -1000 {
			return bad()
		}
		scale += e
	}
	scale += 9 // nanoseconds
	for ; scale < 0 && mant > 0; scale++ {
		mant /= 10
	}
	for ; scale > 0 && mant > 0; scale-- {
		hi, lo := bits.Mul64(mant, 10)
		if hi != 0 {
			return bad()
		}
		mant = lo
	}
	if mant > 1<<63-1 {
		return bad()
	}
	if neg {
		return -Timestamp(mant), nil
	}
	return Timestamp(mant), nil
}
