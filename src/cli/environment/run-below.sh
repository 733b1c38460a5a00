#!/bin/sh
# Runs workerd, or the program that CLINIC_PROGRAM names, and ends it when the process CLINIC_PID ends for any reason.
# Left running, it would keep a port taken and a store open.
program=${CLINIC_PROGRAM:-$CLINIC_WORKERD}
unset CLINIC_PROGRAM
self=$$
(
  while kill -0 "$CLINIC_PID" && kill -0 "$self"; do sleep 1; done
  kill "$self" && sleep 3 && kill -9 "$self"
) </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- &
exec "$program" "$@"
