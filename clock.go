package radiograph

import "time"

// Clock tells the time. Constructors take one so that tests can hold it still;
// timers use package time and are tested with testing/synctest.
type Clock func() time.Time
