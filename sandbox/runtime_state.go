package sandbox

import "fmt"

// runtimeState is where a runtime is between two calls of the Runtime API.
type runtimeState uint8

// The states, in the order of a life.
const (
	stateStarted       runtimeState = iota // has not called yet
	stateInitError                         // has reported that initialization failed
	stateReady                             // has asked for the next event
	stateRunning                           // has one
	stateResponse                          // is sending its response
	stateErrorResponse                     // is sending its error
	stateResponseSent                      // has answered
)

// The names that aws-lambda-runtime-interface-emulator gives the states.
var stateNames = [...]string{"Started", "InitError", "Ready", "Running", "InvocationResponse", "InvocationErrorResponse", "RuntimeResponseSentState"}

func (s runtimeState) String() string { return stateNames[s] }

// transitions says which states a call of the runtime may lead to. Only a
// delivered event leads to stateRunning.
var transitions = [...][]runtimeState{
	stateStarted:       {stateReady, stateInitError},
	stateInitError:     {},
	stateReady:         {stateReady}, // a runtime that lost its connection asks again
	stateRunning:       {stateResponse, stateErrorResponse},
	stateResponse:      {stateResponseSent},
	stateErrorResponse: {stateResponseSent},
	stateResponseSent:  {stateReady},
}

// to moves to the next state, or says why that is not allowed.
func (s *runtimeState) to(next runtimeState) error {
	for _, allowed := range transitions[*s] {
		if allowed == next {
			*s = next
			return nil
		}
	}
	return &transitionError{*s, next}
}

// transitionError is a call at the wrong time; the Runtime API answers it 403.
type transitionError struct{ from, to runtimeState }

func (e *transitionError) Error() string {
	return fmt.Sprintf("State transition from %s to %s failed for runtime. Error: State transition is not allowed", e.from, e.to)
}
